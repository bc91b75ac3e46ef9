"""PostgreSQL: COPY of every table in one repeatable-read transaction; psycopg alone, no pg_dump.

A table is dumped in the order of its key, in COPY's text form, so the same rows are the same
bytes: after a restore every table is dumped again and must have the digest it had.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from samweb.exports.backup.layout import BadBackup, Snapshot
from samweb.exports.backup.references import references

_SETTINGS = (
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
)


def dump(folder: Path, take: Callable[[str, str], None]) -> dict[str, Any]:
    """Write every table into `folder`/tables and tell `take` every file the rows name."""
    (folder / "tables").mkdir()
    files = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for statement in _SETTINGS:
            cursor.execute(statement)
        for table, columns, key in _tables():
            name = f"tables/{table}.copy"
            files[name] = {
                "table": table, "columns": columns, "key": key,
                **_write(cursor, _select(table, columns, key), folder / name),
            }  # fmt: skip
        for kind, sha256 in references(cursor):
            take(kind, sha256)
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        migrations = [list(row) for row in cursor.fetchall()]
    return {"vendor": "postgresql", "migrations": migrations, "files": files}


def empty() -> bool:
    """Whether the database holds no tables at all."""
    with connection.cursor() as cursor:
        return not connection.introspection.table_names(cursor)


def load(snapshot: Snapshot, finish: Callable[[], None]) -> None:
    """Make the schema of then, fill it, compare it, and bring it up to date: one transaction."""
    stated = snapshot.manifest["database"]
    entries = list(stated["files"].items())
    with transaction.atomic():
        _migrate_to({(app, name) for app, name in stated["migrations"]})
        with connection.cursor() as cursor:
            for statement in _SETTINGS:
                cursor.execute(statement)
            _check_schema(cursor, [entry for _, entry in entries])
            quoted = ", ".join(connection.ops.quote_name(e["table"]) for _, e in entries)
            cursor.execute(f"TRUNCATE {quoted}")
            for name, entry in entries:
                _read(cursor, entry, snapshot.folder / name)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for name, entry in entries:
                sql = _select(entry["table"], entry["columns"], entry["key"])
                digest = hashlib.sha256()
                for chunk in _copy_out(cursor, sql):
                    digest.update(chunk)
                if digest.hexdigest() != entry["sha256"]:
                    raise BadBackup(f"{name} came back different; nothing was kept.")
            for sql in connection.ops.sequence_reset_sql(no_style(), _models()):
                cursor.execute(sql)
        finish()


def _models() -> list[type[Model]]:
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def _tables() -> list[tuple[str, list[str], str]]:
    """Name, columns and key of every table, in the order of names."""
    models: list[type[Model]] = [*_models(), MigrationRecorder(connection).Migration]
    return sorted(
        (
            model._meta.db_table,
            [str(field.column) for field in model._meta.local_concrete_fields],
            str(model._meta.pk.column),
        )
        for model in models
    )


def _select(table: str, columns: list[str], key: str) -> str:
    quote = connection.ops.quote_name
    listed = ", ".join(quote(column) for column in columns)
    # As text and in byte order, so that the collation of the database does not matter.
    order = f'{quote(key)}::text COLLATE "C"'
    return f"SELECT {listed} FROM {quote(table)} ORDER BY {order}"


def _copy_out(cursor: Any, select: str) -> Iterator[bytes]:
    with cursor.copy(f"COPY ({select}) TO STDOUT") as copy:
        for chunk in copy:
            yield bytes(chunk)


def _write(cursor: Any, select: str, path: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in _copy_out(cursor, select):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return {"sha256": digest.hexdigest(), "bytes": size}


def _read(cursor: Any, entry: dict[str, Any], path: Path) -> None:
    quote = connection.ops.quote_name
    listed = ", ".join(quote(column) for column in entry["columns"])
    with (
        path.open("rb") as file,
        cursor.copy(f"COPY {quote(entry['table'])} ({listed}) FROM STDIN") as copy,
    ):
        while chunk := file.read(1 << 20):
            copy.write(chunk)


def _migrate_to(applied: set[tuple[str, str]]) -> None:
    """Make the schema of these migrations in an empty database."""
    executor = MigrationExecutor(connection)
    known = {node for node in applied if node in executor.loader.graph.nodes}
    parents = {
        (parent.key[0], parent.key[1])
        for node in known
        for parent in executor.loader.graph.node_map[node].parents
    }
    executor.migrate(sorted(known - parents))


def _check_schema(cursor: Any, entries: list[dict[str, Any]]) -> None:
    """Names in the backup are used in SQL, so they must be names that the schema has."""
    tables = set(connection.introspection.table_names(cursor))
    for entry in entries:
        if entry["table"] not in tables:
            raise BadBackup(f"The backup has a table {entry['table']!r} that samweb has not.")
        description = connection.introspection.get_table_description(cursor, entry["table"])
        columns = {column.name for column in description}
        if set(entry["columns"]) != columns or entry["key"] not in columns:
            raise BadBackup(f"The backup's table {entry['table']!r} has other columns.")
