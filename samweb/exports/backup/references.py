"""Which files the rows of a database name. Plain SQL, so that it runs on any snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

_COLUMNS = (
    ("originals", "SELECT DISTINCT original_sha256 FROM projects_image ORDER BY 1"),
    ("display", "SELECT DISTINCT display_sha256 FROM projects_image ORDER BY 1"),
    ("thumbs", "SELECT DISTINCT thumb_sha256 FROM projects_image ORDER BY 1"),
    (
        "exports",
        "SELECT DISTINCT sha256 FROM exports_export "
        "WHERE sha256 <> '' AND deleted_at IS NULL ORDER BY 1",
    ),
)
_BUNDLES = "SELECT manifest FROM embeddings_bundle ORDER BY id"
_UPLOADS = (
    "SELECT payload FROM core_run WHERE kind = 'unpack' AND state IN ('queued', 'running') "
    "ORDER BY id"
)


class Cursor(Protocol):
    """What sqlite3, psycopg and Django have in common."""

    def execute(self, sql: str) -> Any: ...

    def fetchmany(self, size: int) -> list[Any]: ...


def references(cursor: Cursor) -> Iterator[tuple[str, str]]:
    """(kind, sha256) of every file that cannot be made again, each once."""
    for kind, sql in _COLUMNS:
        cursor.execute(sql)
        while rows := cursor.fetchmany(5000):
            for (sha256,) in rows:
                if sha256:
                    yield kind, sha256
    yield from sorted(_of_documents(cursor))


def _of_documents(cursor: Cursor) -> set[tuple[str, str]]:
    found = set()
    for manifest in _documents(cursor, _BUNDLES):
        graphs = (manifest.get("graphs") or {}).values()
        found |= {("bundles", graph["sha256"]) for graph in graphs if graph}
    for payload in _documents(cursor, _UPLOADS):
        if payload.get("sha256"):
            found.add(("uploads", payload["sha256"]))
    return found


def _documents(cursor: Cursor, sql: str) -> list[dict[str, Any]]:
    cursor.execute(sql)
    found = []
    while rows := cursor.fetchmany(1000):
        found += [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]
    return found
