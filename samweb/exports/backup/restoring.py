"""Bringing a backup into an empty installation: checked first, then all of it or nothing."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from samweb.embeddings.models import Embedding, ProposalSet
from samweb.embeddings.services import embedding_request_all
from samweb.exports.backup.layout import BadBackup, FileEntry, Snapshot, sha256_of
from samweb.exports.backup.saving import DATABASES, copy_checked
from samweb.projects.models import Image


def restore(source: Path, *, name: str = "") -> Snapshot:
    """Restore the named snapshot, or the newest. Raises BadBackup, and then nothing has changed.

    Rows of embeddings and proposals are left behind, because their files are; workers make them
    again. The schema is brought to that of this version.
    """
    snapshot = Snapshot.find(source, name)
    vendor = snapshot.manifest["database"]["vendor"]
    if vendor != connection.vendor:
        raise BadBackup(f"This is a backup of {vendor}; DATABASE_URL names {connection.vendor}.")
    _check_version(snapshot)
    if not DATABASES[vendor].empty():
        raise BadBackup(
            "There is something in this installation already. Restore into an empty data folder "
            "and an empty database."
        )
    snapshot.check()
    brought: list[Path] = []
    try:
        for entry in snapshot.files():
            _bring(entry, snapshot, brought)
        DATABASES[vendor].load(snapshot, _finish)
    except BaseException:
        for path in brought:
            path.unlink(missing_ok=True)
        raise
    if Image.objects.exists():
        embedding_request_all()
    connection.close()
    return snapshot


def _check_version(snapshot: Snapshot) -> None:
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {}
    for app, migration in snapshot.manifest["database"]["migrations"]:
        if (app, migration) not in known:
            raise BadBackup(
                f"This backup was made by a newer version: it has {app}.{migration}. Upgrade first."
            )


def _bring(entry: FileEntry, snapshot: Snapshot, brought: list[Path]) -> None:
    """Copy one file into the store, unless it is there and whole."""
    target = entry.path(settings.SAMWEB.data_dir / "files")
    if entry.bytes < 0 or (target.is_file() and sha256_of(target) == entry.sha256):
        return
    if copy_checked(entry.path(snapshot.root / "files"), target, entry.sha256) < 0:
        raise BadBackup(f"{entry.kind}/{entry.sha256} changed while it was being read.")
    brought.append(target)


def _finish() -> None:
    call_command("migrate", interactive=False, verbosity=0)
    Embedding.objects.all().delete()
    ProposalSet.objects.all().delete()
