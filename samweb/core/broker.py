"""The embedded queue: a kombu transport over one SQLite file of its own, with leases.

A message is claimed in one UPDATE ... RETURNING, stays in the file under a lease while it is
worked on, and is deleted by its acknowledgement. A worker that dies by kill -9 simply stops
renewing, and the message is delivered again. A message that has been delivered too often is
parked, because a message that kills its worker would otherwise loop for ever.

The file holds hints only (samweb.core.queue): deleting it loses nothing. It lies apart from the
app's database, so that polling does not contend with saving.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
import uuid
from pathlib import Path
from queue import Empty
from time import monotonic, sleep
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, base, virtual

log = logging.getLogger(__name__)

NAME = "samwebsqlite"
LEASE_SECONDS = 10.0
MOST_TRIES = 10
PARKED_DAYS = 7
# A lease can never lie further ahead than this; one that does was made before the clock was set
# back, and counts as expired.
FARTHEST_LEASE = 3600.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    payload TEXT NOT NULL,
    sent REAL NOT NULL,
    lease TEXT NOT NULL DEFAULT '',
    lease_until REAL NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    parked REAL
);
CREATE INDEX IF NOT EXISTS message_due ON message (queue, id) WHERE parked IS NULL;
"""
DUE = "queue = ? AND parked IS NULL AND lease_until NOT BETWEEN ? AND ?"
FIND = f"SELECT id FROM message WHERE {DUE} ORDER BY id LIMIT 1"
CLAIM = (
    "UPDATE message SET lease = ?, lease_until = ?, tries = tries + 1 "
    f"WHERE id = ({FIND}) RETURNING id, payload, tries"
)

_local = threading.local()


def _file_id(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def connection(path: str) -> sqlite3.Connection:
    """This thread's connection to the queue file, of this process; anew when the file is new."""
    held = getattr(_local, "held", None)
    if held is None or _local.pid != os.getpid():
        # After a fork the parent's connections are left alone: closing them here would drop
        # locks that the parent holds.
        _local.held, _local.pid = {}, os.getpid()
        held = _local.held
    known = held.get(path)
    if known is not None and known[1] == _file_id(path):
        return known[0]
    if known is not None:
        known[0].close()
    made = _open(path)
    held[path] = (made, _file_id(path))
    return made


def _open(path: str) -> sqlite3.Connection:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    try:
        return _prepared(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        log.warning("the queue file %s is damaged (%s); starting an empty one", path, error)
        for name in (path, f"{path}-wal", f"{path}-shm"):
            Path(name).unlink(missing_ok=True)
        return _prepared(path)


def _prepared(path: str) -> sqlite3.Connection:
    made = sqlite3.connect(path, timeout=20, isolation_level=None)
    # NORMAL: a power cut may take the last hints along; their rows are re-sent.
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("PRAGMA synchronous = NORMAL")
    made.executescript(SCHEMA)
    made.execute("DELETE FROM message WHERE parked < ?", (time.time() - PARKED_DAYS * 86400,))
    return made


class Keeper:
    """Renews the leases of what this process is working on, from a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str], float] = {}  # (path, tag) -> lease seconds
        self._pid = 0

    def hold(self, path: str, tag: str, seconds: float) -> None:
        """Keep a message's lease until `drop`."""
        with self._lock:
            self._held[path, tag] = seconds
            if self._pid != os.getpid():
                self._pid = os.getpid()
                threading.Thread(target=self._run, name="queue-leases", daemon=True).start()

    def drop(self, path: str, tag: str) -> None:
        """Stop renewing a message's lease."""
        with self._lock:
            self._held.pop((path, tag), None)

    def _run(self) -> None:
        while True:
            with self._lock:
                held = dict(self._held)
            sleep(min([seconds / 3 for seconds in held.values()], default=0.5))
            for (path, tag), seconds in held.items():
                if (path, tag) not in self._held:
                    continue
                try:
                    release(path, tag, time.time() + seconds)
                except (sqlite3.Error, OSError) as error:
                    log.warning("could not renew a lease in %s: %s", path, error)


keeper = Keeper()


def release(path: str, tag: str, until: float = 0.0) -> bool:
    """Set the end of a lease that this tag still holds; 0 makes the message due at once."""
    row, _, lease = tag.partition(".")
    found = connection(path).execute(
        "UPDATE message SET lease_until = ? WHERE id = ? AND lease = ?", (until, int(row), lease)
    )
    return found.rowcount == 1


def delete(path: str, tag: str) -> None:
    """Take an acknowledged message out, unless its lease was lost to somebody else."""
    row, _, lease = tag.partition(".")
    connection(path).execute("DELETE FROM message WHERE id = ? AND lease = ?", (int(row), lease))


def claim(path: str, queue: str, seconds: float) -> tuple[str, str] | None:
    """Take the oldest due message of a queue: (tag, payload), or None. Parks what is poison."""
    while True:
        db, now = connection(path), time.time()
        window = (queue, now, now + FARTHEST_LEASE)
        if db.execute(FIND, window).fetchone() is None:  # idle polling takes no write lock
            return None
        lease = uuid.uuid4().hex
        row = db.execute(CLAIM, (lease, now + seconds, *window)).fetchone()
        if row is None:
            return None
        number, payload, tries = row
        if tries <= MOST_TRIES:
            return f"{number}.{lease}", payload
        log.error("message %s was delivered %s times and is parked", number, tries - 1)
        db.execute("UPDATE message SET parked = ? WHERE id = ?", (now, number))


class QoS(virtual.QoS):
    """Acknowledging deletes, rejecting ends the lease, and what is held is renewed."""

    channel: Channel

    def append(self, message: Any, delivery_tag: str) -> None:
        super().append(message, delivery_tag)
        keeper.hold(self.channel.path, delivery_tag, self.channel.lease_seconds)

    def ack(self, delivery_tag: str) -> None:
        keeper.drop(self.channel.path, delivery_tag)
        delete(self.channel.path, delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        keeper.drop(self.channel.path, delivery_tag)
        if requeue:
            release(self.channel.path, delivery_tag)
        else:
            delete(self.channel.path, delivery_tag)
        self._quick_ack(delivery_tag)


class Channel(virtual.Channel):
    """One channel; everything it knows lies in the file."""

    QoS = QoS
    supports_fanout = False

    @property
    def path(self) -> str:
        """The queue file: what follows `samwebsqlite:///`."""
        return str(self.connection.client.virtual_host)

    @property
    def lease_seconds(self) -> float:
        options = self.connection.client.transport_options
        return float(options.get("lease_seconds", LEASE_SECONDS))

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        connection(self.path).execute(
            "INSERT INTO message (queue, payload, sent) VALUES (?, ?, ?)",
            (queue, json.dumps(message), time.time()),
        )

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        found = claim(self.path, queue, self.lease_seconds)
        if found is None:
            raise Empty
        tag, text = found
        message: dict[str, Any] = json.loads(text)
        message["properties"]["delivery_tag"] = tag
        return message

    def _restore(self, message: Any) -> None:
        keeper.drop(self.path, message.delivery_tag)
        release(self.path, message.delivery_tag)

    def _size(self, queue: str) -> int:
        count = "SELECT count(*) FROM message WHERE queue = ? AND parked IS NULL"
        return int(connection(self.path).execute(count, (queue,)).fetchone()[0])

    def _purge(self, queue: str) -> int:
        return (
            connection(self.path).execute("DELETE FROM message WHERE queue = ?", (queue,)).rowcount
        )


class Transport(virtual.Transport):
    """`samwebsqlite:////absolute/path/queue.db`"""

    Channel = Channel
    polling_interval = 0.05
    driver_type = "sqlite"
    driver_name = "sqlite3"
    connection_errors: Any = (*base.Transport.connection_errors, sqlite3.Error, OSError)
    implements = virtual.Transport.implements.extend(exchange_type=frozenset(["direct"]))

    @property
    def default_connection_params(self) -> dict[str, Any]:
        return {}  # a file has no host to fall back to

    def driver_version(self) -> str:
        return sqlite3.sqlite_version

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Deliver one message, or raise TimeoutError (which is socket.timeout).

        Comes back at least twice a second, so that a worker that is asked to stop stops.
        """
        end = monotonic() + min(timeout, 0.5) if timeout is not None else None
        cycle: Any = self.cycle
        while True:
            try:
                cycle.get(self._deliver, timeout=timeout)
                return
            except Empty:
                if end is not None and monotonic() >= end:
                    raise TimeoutError from None
                sleep(self.polling_interval)


TRANSPORT_ALIASES[NAME] = "samweb.core.broker:Transport"
