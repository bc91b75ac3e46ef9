"""The judge: reads the tables with plain drivers, and folds the journal with code of its own."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from tests.kill.editor import Editor

OPERATIONS = (
    "select id, seq, kind, target, version, payload from annotations_operation order by seq"
)
ANNOTATIONS = (
    "select id, version, seq, label_id, mask_id, attributes, deleted_at from annotations_annotation"
)
MASKS = "select sha256, height, width, counts from annotations_mask"
SEQ = "select seq from projects_project"


def read(database_url: str, data_dir: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that is judged, read without the app."""
    queries = {"operations": OPERATIONS, "annotations": ANNOTATIONS, "masks": MASKS, "seq": SEQ}
    if database_url:
        with psycopg.connect(database_url) as database:
            return {name: database.execute(sql).fetchall() for name, sql in queries.items()}
    database = sqlite3.connect(data_dir / "samweb.sqlite3")
    try:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        return {name: database.execute(sql).fetchall() for name, sql in queries.items()}
    finally:
        database.close()


def uuid(value: Any) -> str | None:
    return str(UUID(str(value))) if value is not None else None


def json_of(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def judge(found: dict[str, list[tuple[Any, ...]]], editors: list[Editor]) -> None:
    """Every acknowledged operation present, none twice, rows = replay = what editors believe."""
    journal = {uuid(row[0]): row for row in found["operations"]}
    acknowledged: dict[str, Any] = {}
    for editor in editors:
        assert editor.acknowledged.keys() == editor.sent.keys()
        acknowledged |= editor.acknowledged
    assert journal.keys() == acknowledged.keys()
    for id, result in acknowledged.items():
        assert (journal[id][1], journal[id][4]) == (result["seq"], result["version"])
    seqs = [row[1] for row in found["operations"]]
    assert seqs == list(range(1, len(seqs) + 1))
    assert found["seq"] == [(len(seqs),)]
    edits = Counter((row[3], row[4]) for row in found["operations"])
    assert max(edits.values()) == 1, "an object has a version twice"

    masks = {row[0]: row for row in found["masks"]}
    for sha256, height, width, counts in found["masks"]:
        text = f"{height}x{width}:{counts}"
        assert hashlib.sha256(text.encode()).hexdigest() == sha256
    rows = {
        uuid(id): {
            "version": version, "seq": seq, "label": uuid(label), "mask": mask,
            "attributes": json_of(attributes), "deleted": deleted is not None,
        }
        for id, version, seq, label, mask, attributes, deleted in found["annotations"]
    }  # fmt: skip
    assert rows == fold(found["operations"])
    believed = {id: one for editor in editors for id, one in editor.objects.items()}
    assert rows.keys() == believed.keys()
    for id, one in believed.items():
        row = rows[id]
        assert masks[row["mask"]][3] == one.mask
        assert (row["version"], row["deleted"], row["label"], row["attributes"]) == (
            one.version, one.deleted, one.label, one.attributes,
        )  # fmt: skip


def fold(operations: list[tuple[Any, ...]]) -> dict[str | None, dict[str, Any]]:
    """What the annotations must be, from the journal alone."""
    states: dict[str | None, dict[str, Any]] = {}
    for _, seq, kind, target, version, payload in operations:
        action = kind.split(".")[1]
        state = states.setdefault(uuid(target), {})
        fields = json_of(payload)
        state |= {k: v for k, v in fields.items() if k in ("label", "mask", "attributes")}
        state |= {"version": version, "seq": seq}
        state["deleted"] = action == "delete" or (action == "update" and state["deleted"])
    return states
