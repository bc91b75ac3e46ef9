"""Run a command again on PostgreSQL: `python -m tests.postgres pytest ...`.

Uses TEST_DATABASE_URL, else a server on 127.0.0.1:5432 that lets us in without a password.
Says so and succeeds where none answers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

DEFAULT = "postgresql://postgres@127.0.0.1:5432/postgres"


def server_url() -> str | None:
    """The URL of a server that answers, or None."""
    url = os.environ.get("TEST_DATABASE_URL") or DEFAULT
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return None
    return url


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def main() -> int:
    url = server_url()
    if url is None:
        print("SKIPPED: the PostgreSQL repetition (no server answers; set TEST_DATABASE_URL)")
        return 0
    # Django makes and removes test_<name> on this server.
    environment = {
        **os.environ,
        "TEST_DATABASE_URL": with_database(url, f"samweb_{uuid4().hex[:8]}"),
    }
    return subprocess.call(sys.argv[1:], env=environment)


if __name__ == "__main__":
    sys.exit(main())
