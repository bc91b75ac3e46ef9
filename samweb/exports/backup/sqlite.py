"""SQLite: `VACUUM INTO` gives one state of the database while others go on writing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db import connection

from samweb.exports.backup.layout import BadBackup, Snapshot, sha256_of, sync_folder
from samweb.exports.backup.references import references

FILE = "samweb.sqlite3"


def dump(folder: Path, take: Callable[[str, str], None]) -> dict[str, Any]:
    """Write the database into `folder` and tell `take` every file it names."""
    target = folder / FILE
    with closing(sqlite3.connect(_database(), timeout=60)) as source:
        source.execute("VACUUM INTO ?", (str(target),))
    with target.open("rb") as file:
        os.fsync(file.fileno())
    with closing(sqlite3.connect(f"file:{target}?mode=ro", uri=True)) as copy:
        _check_integrity(copy)
        for kind, sha256 in references(copy.cursor()):
            take(kind, sha256)
        applied = copy.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        migrations = [list(row) for row in applied.fetchall()]
    size = target.stat().st_size
    files = {FILE: {"sha256": sha256_of(target), "bytes": size}}
    return {"vendor": "sqlite", "migrations": migrations, "files": files}


def empty() -> bool:
    """Whether there is no database yet, or one in which nobody has an account or a project."""
    path = Path(_database())
    if not path.exists() or path.stat().st_size == 0:
        return True
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as database:
        names = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        return not any(
            database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
            for table in ("accounts_user", "projects_project")
            if table in names
        )


def load(snapshot: Snapshot, finish: Callable[[], None]) -> None:
    """Put the database in place. `finish` brings it up to date; it sees it as the default one.

    Everything happens on a copy; the last step is a rename.
    """
    target = Path(_database())
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(target.name + ".restoring")
    connection.close()
    _remove(staged)
    try:
        shutil.copyfile(snapshot.folder / FILE, staged)
        connection.settings_dict["NAME"] = str(staged)
        finish()
        connection.close()
        with closing(sqlite3.connect(staged)) as database:
            _check_integrity(database)
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with staged.open("rb") as file:
            os.fsync(file.fileno())
        _remove(target)
        os.replace(staged, target)
        sync_folder(target.parent)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = str(target)
        _remove(staged)


def _database() -> str:
    return str(connection.settings_dict["NAME"])


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def _check_integrity(database: sqlite3.Connection) -> None:
    (answer,) = database.execute("PRAGMA integrity_check").fetchone()
    if answer != "ok" or database.execute("PRAGMA foreign_key_check").fetchone():
        raise BadBackup(f"The database is damaged: {answer}")
