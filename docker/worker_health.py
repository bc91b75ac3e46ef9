"""Exits with 0 when the worker of this container was seen alive in the last minute.

Says so from the outside: the worker writes its presence into the database every few seconds.
"""

import os
import socket
import sys

import psycopg

QUERY = """
SELECT EXISTS (SELECT 1 FROM core_workerpresence
               WHERE name LIKE %s AND seen > now() - interval '60 seconds')
"""

with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5) as database:
    row = database.execute(QUERY, (f"%{socket.gethostname()}%",)).fetchone()
sys.exit(0 if row and row[0] else 1)
