"""A backup comes back whole, or not at all; on both databases, with people at work meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from samweb.exports.backup.layout import Snapshot
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

    def files(self) -> dict[str, str]:
        """Hash by path of everything in the store that a backup keeps."""
        found = {}
        for path in (self.data / "files").rglob("*"):
            kind = path.relative_to(self.data / "files").parts[0]
            if path.is_file() and kind not in {"embeddings", "proposals"}:
                name = path.relative_to(self.data).as_posix()
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def vendor(request: pytest.FixtureRequest) -> str:
    if request.param == "postgresql" and server_url() is None:
        pytest.skip("PostgreSQL does not answer; set TEST_DATABASE_URL")
    return str(request.param)


@pytest.fixture
def make(vendor: str, tmp_path: Path) -> Iterator[object]:
    """Makes installations, and removes their databases."""
    databases: list[str] = []

    def made(name: str) -> Installation:
        data = tmp_path / name
        data.mkdir()
        if vendor == "sqlite":
            return Installation(data, "")
        server = server_url()
        assert server is not None
        database = f"samweb_backup_{uuid4().hex[:10]}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        databases.append(database)
        return Installation(data, with_database(server, database))

    yield made
    for database in databases:
        with psycopg.connect(server_url() or "", autocommit=True) as connection:
            drop = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
            connection.execute(sql.SQL(drop).format(sql.Identifier(database)))


def tables(snapshot: Snapshot) -> dict[str, str]:
    """Digest of every table of a snapshot."""
    entries = snapshot.manifest["database"]["files"]
    if snapshot.manifest["database"]["vendor"] == "postgresql":
        return {entry["table"]: entry["sha256"] for entry in entries.values()}
    import sqlite3

    found = {}
    with closing(sqlite3.connect(snapshot.folder / "samweb.sqlite3")) as database:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (name,) in database.execute(names).fetchall():
            rows = sorted(map(repr, database.execute(f'SELECT * FROM "{name}"')))
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def test_a_backup_made_while_people_work_comes_back_whole(make: object, tmp_path: Path) -> None:
    source: Installation = make("source")  # type: ignore[operator]
    for command in ("migrate", "first_run", "demo"):
        source.must(command, "--verbosity", "0")
    destination = tmp_path / "backup"
    first = source.must("backup", destination)
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
    assert "24 files are whole" in source.must("backup", destination, "--verify")
    assert sorted(source.data.glob("**/*.part")) == []

    target: Installation = make("target")  # type: ignore[operator]
    said = target.must("restore", destination)
    assert Snapshot.find(destination).name in said
    assert target.files() == source.files()
    assert "equal" in target.must("verify_journal")
    target.must("backup", tmp_path / "again")
    before, after = (tables(Snapshot.find(d)) for d in (destination, tmp_path / "again"))
    assert {k: v for k, v in before.items() if k not in MADE_AGAIN} == {
        k: v for k, v in after.items() if k not in MADE_AGAIN
    }
    refused = target.manage("restore", destination)
    assert refused.returncode != 0 and "something in this installation" in refused.stderr


@pytest.fixture
def small(make: object, tmp_path: Path) -> tuple[Installation, Path]:
    """An installation without pictures, backed up, and an empty one."""
    source: Installation = make("source")  # type: ignore[operator]
    source.must("migrate", "--verbosity", "0")
    source.must("first_run", "--verbosity", "0")
    destination = tmp_path / "backup"
    source.must("backup", destination)
    return make("target"), destination  # type: ignore[operator]


def resign(snapshot: Snapshot, manifest: dict[str, object]) -> None:
    """Write another manifest with its right digest, as somebody with ill intent would."""
    content = json.dumps(manifest).encode()
    (snapshot.folder / "manifest.json").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (snapshot.folder / "manifest.json.sha256").write_text(f"{digest}  manifest.json\n")


def refused(target: Installation, destination: Path, words: str) -> None:
    """`restore` says why not, and leaves the installation empty."""
    done = target.manage("restore", destination)
    assert done.returncode != 0 and words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert target.files() == {}
    assert not list(target.data.glob("*.sqlite3*"))


def test_a_backup_that_was_tampered_with_or_is_newer_is_refused(
    small: tuple[Installation, Path],
) -> None:
    target, destination = small
    snapshot = Snapshot.find(destination)
    manifest = snapshot.manifest
    extra = snapshot.folder / "extra.sh"
    extra.touch()
    refused(target, destination, "should not")
    extra.unlink()
    future = [*manifest["database"]["migrations"], ["projects", "9999_future"]]
    resign(snapshot, {**manifest, "database": {**manifest["database"], "migrations": future}})
    refused(target, destination, "newer version")
    resign(snapshot, {**manifest, "format": 99})
    refused(target, destination, "format")
    resign(snapshot, manifest)
    name = next(iter(manifest["database"]["files"]))
    path = snapshot.folder / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"x")
    refused(target, destination, "not what was written")
    path.write_bytes(content)
    (snapshot.folder / "manifest.json").write_bytes(b"{}")
    refused(target, destination, "digest differs")
    resign(snapshot, manifest)
    target.must("restore", destination)


def test_a_backup_inside_the_data_folder_is_refused(tmp_path: Path) -> None:
    source = Installation(tmp_path, "")
    source.must("migrate", "--verbosity", "0")
    done = source.manage("backup", tmp_path / "backups")
    assert done.returncode != 0 and "lost with it" in done.stderr
