"""A backup comes back whole, or not at all; on both databases, with people at work meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from samweb.exports.backup import restoring, saving
from samweb.exports.backup.layout import BadBackup, Snapshot, sha256_of
from tests.postgres import server_url, with_database

ROOT = Path(__file__).resolve().parents[2]
MADE_AGAIN = {"embeddings_embedding", "embeddings_proposalset", "core_run"}
WORK = """
import os, sys
from pathlib import Path
from samweb.accounts.models import User
from samweb.annotations.services.operations import operations_apply
from samweb.core.ids import uuid7
from samweb.projects.models import Image, Project
project, user = Project.objects.get(), User.objects.get()
image = str(Image.objects.first().pk)
folder, number = Path(os.environ["WORK_FOLDER"]), 0
while not (folder / "stop").exists() and number < 5000:
    number += 1
    operation = {"id": str(uuid7()), "kind": "comment.create", "target": str(uuid7()),
                 "base_version": 0, "payload": {"image": image, "text": f"remark {number}"}}
    operations_apply(user=user, project=project, device="test", operations=[operation])
    if number == 20:
        (folder / "going").touch()
"""


@dataclass
class Installation:
    """A data folder and a database of its own, used through `manage.py`."""

    data: Path
    database_url: str

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SAMWEB_", "CELERY_"))}
        kept |= {"SAMWEB_DATA_DIR": str(self.data), "DATABASE_URL": self.database_url}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        return {**kept, **more}

    def manage(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, words)], cwd=ROOT, text=True,
            capture_output=True, timeout=120, env=self.environment(), check=False,
        )  # fmt: skip

    def must(self, *words: object) -> str:
        done = self.manage(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def do(self, *commands: str) -> str:
        """Several commands in one process: starting one is most of the time."""
        calls = "\n".join(f"call_command(*{command.split()!r})" for command in commands)
        return self.must("shell", "-c", f"from django.core.management import call_command\n{calls}")

    def files(self) -> dict[str, str]:
        """Hash by path of everything in the store that a backup keeps."""
        found = {}
        for path in (self.data / "files").rglob("*"):
            kind = path.relative_to(self.data / "files").parts[0]
            if path.is_file() and kind not in {"embeddings", "proposals"}:
                name = path.relative_to(self.data).as_posix()
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


Make = Callable[[str], Installation]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def vendor(request: pytest.FixtureRequest) -> str:
    if request.param == "postgresql" and server_url() is None:
        pytest.skip("PostgreSQL does not answer; set TEST_DATABASE_URL")
    return str(request.param)


@pytest.fixture
def make(vendor: str, tmp_path: Path) -> Iterator[Make]:
    """Makes installations, and removes their databases."""
    databases: list[str] = []

    def made(name: str) -> Installation:
        data = tmp_path / name
        data.mkdir()
        if vendor == "sqlite":
            return Installation(data, "")
        url = server_url() or ""
        database = f"samweb_backup_{uuid4().hex[:10]}"
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        databases.append(database)
        return Installation(data, with_database(url, database))

    yield made
    for database in databases:
        with psycopg.connect(server_url() or "", autocommit=True) as server:
            drop = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
            server.execute(sql.SQL(drop).format(sql.Identifier(database)))


def tables(snapshot: Snapshot) -> dict[str, str]:
    """Digest of every table of a snapshot."""
    entries = snapshot.manifest["database"]["files"]
    if snapshot.manifest["database"]["vendor"] == "postgresql":
        return {entry["table"]: entry["sha256"] for entry in entries.values()}
    found = {}
    with closing(sqlite3.connect(snapshot.folder / "samweb.sqlite3")) as database:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (name,) in database.execute(names).fetchall():
            rows = sorted(map(repr, database.execute(f'SELECT * FROM "{name}"')))
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def test_a_backup_made_while_people_work_comes_back_whole(make: Make, tmp_path: Path) -> None:
    source, destination = make("source"), tmp_path / "backup"
    first = source.do("migrate -v 0", "first_run -v 0", "demo -v 0", f"backup {destination}")
    assert "24 of them new" in first
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-c", WORK], cwd=ROOT,
        env=source.environment(WORK_FOLDER=str(tmp_path)),
    )  # fmt: skip
    try:
        while not (tmp_path / "going").exists():
            assert worker.poll() is None
            os.sched_yield()
        second = source.must("backup", destination)
        assert worker.poll() is None, "the work must have gone on during the whole backup"
    finally:
        (tmp_path / "stop").touch()
        worker.wait(timeout=60)
    assert " 0 of them new" in second
    assert Snapshot.find(destination).check() == 24
    assert not list(destination.glob("**/*.part"))

    target = make("target")
    assert Snapshot.find(destination).name in target.must("restore", destination)
    assert target.files() == source.files()
    assert "equal" in target.do("verify_journal", f"backup {tmp_path / 'again'}")
    before, after = (tables(Snapshot.find(d)) for d in (destination, tmp_path / "again"))
    assert before.keys() == after.keys()
    assert not {name for name in before.keys() - MADE_AGAIN if before[name] != after[name]}
    again = target.manage("restore", destination)
    assert again.returncode != 0 and "something in this installation" in again.stderr


def sign(folder: Path, manifest: dict[str, Any]) -> None:
    """Write a manifest with its right digest, as somebody with ill intent would."""
    content = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json.sha256").write_text(f"{digest}  manifest.json\n")


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup folder with one snapshot of a database and of one picture."""
    root = tmp_path_factory.mktemp("kept")
    folder = root / "snapshots" / "20260102T030405Z"
    folder.mkdir(parents=True)
    (folder / "samweb.sqlite3").write_bytes(b"rows")
    picture = hashlib.sha256(b"picture").hexdigest()
    file = root / "files" / "originals" / picture[:2] / picture
    file.parent.mkdir(parents=True)
    file.write_bytes(b"picture")
    (folder / "files.txt").write_text(f"originals {picture} 7\n")
    entry = {n: {"sha256": sha256_of(folder / n)} for n in ("samweb.sqlite3", "files.txt")}
    sign(folder, {
        "format": 1, "created": "2026-01-02", "count": 1, "missing": 0,
        "files": entry["files.txt"],
        "database": {
            "vendor": connection.vendor, "migrations": [["core", "0001_initial"]],
            "files": {"samweb.sqlite3": entry["samweb.sqlite3"]},
        },
    })  # fmt: skip
    return root


def spoil_extra(folder: Path) -> None:
    (folder / "extra.sh").touch()


def spoil_database(folder: Path) -> None:
    (folder / "samweb.sqlite3").write_bytes(b"rowz")


def spoil_picture(folder: Path) -> None:
    next((folder.parents[1] / "files").glob("*/*/*")).write_bytes(b"Picture")


def spoil_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"{}")


def spoil_format(folder: Path) -> None:
    sign(folder, {**json.loads((folder / "manifest.json").read_bytes()), "format": 99})


def spoil_version(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["database"]["migrations"].append(["projects", "9999_future"])
    sign(folder, manifest)


def spoil_vendor(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["database"]["vendor"] = "oracle"
    sign(folder, manifest)


def spoil_path(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["database"]["files"]["../../../etc/passwd"] = {"sha256": "0" * 64}
    sign(folder, manifest)


class FakeDatabase:
    """Stands in for the real one, where only files matter."""

    @staticmethod
    def empty() -> bool:
        return True

    @staticmethod
    def load(snapshot: Snapshot, finish: object) -> None:
        raise BadBackup("the disk is full")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_extra, "should not"),
        (spoil_database, "not what was written"),
        (spoil_picture, "missing or damaged"),
        (spoil_manifest, "digest differs"),
        (spoil_format, "format"),
        (spoil_version, "newer version"),
        (spoil_vendor, "oracle"),
        (spoil_path, "should not"),
        (lambda folder: None, "the disk is full"),
    ],
)
def test_what_cannot_be_restored_is_refused_in_words_and_leaves_no_file(
    kept: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch, spoil: Any, words: str
) -> None:
    monkeypatch.setitem(restoring.DATABASES, connection.vendor, FakeDatabase)
    spoil(Snapshot.find(kept).folder)
    with pytest.raises(BadBackup, match=words):
        restoring.restore(kept)
    assert not [path for path in data_dir.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_nothing_is_restored_over_what_is_there(
    kept: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeDatabase, "empty", staticmethod(lambda: False))
    monkeypatch.setitem(restoring.DATABASES, connection.vendor, FakeDatabase)
    with pytest.raises(BadBackup, match="something in this installation"):
        restoring.restore(kept)


def test_a_backup_inside_the_data_folder_is_refused(data_dir: Path) -> None:
    with pytest.raises(BadBackup, match="lost with it"):
        saving.backup(data_dir / "backups")


def test_a_file_that_is_damaged_in_the_store_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bit flip")
    target = tmp_path / "to" / "file"
    assert saving.copy_checked(tmp_path / "file", target, "0" * 64) == -1
    assert saving.copy_checked(tmp_path / "missing", target, "0" * 64) == -1
    assert not list(target.parent.iterdir())
