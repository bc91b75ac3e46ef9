"""`manage.py backup DEST`: one more snapshot of the database, and the files that are new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from samweb.exports.backup.layout import BadBackup, Snapshot
from samweb.exports.backup.saving import backup


class Command(BaseCommand):
    help = "Back up the database and the files it names into DEST, or check a backup there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("destination", type=Path, metavar="DEST")
        parser.add_argument("--database-only", action="store_true", help="leave the files out")
        parser.add_argument(
            "--verify", action="store_true", help="make nothing; read a snapshot and compare"
        )
        parser.add_argument("--snapshot", default="", help="which one to verify; else the newest")

    def handle(self, *args: Any, **options: Any) -> None:
        destination: Path = options["destination"]
        try:
            if options["verify"]:
                snapshot = Snapshot.find(destination, options["snapshot"])
                count = snapshot.check()
                self.stdout.write(f"{snapshot.name}: the database and {count} files are whole.")
                return
            saved = backup(destination, database_only=options["database_only"])
        except (BadBackup, OSError) as error:
            raise CommandError(str(error)) from error
        megabytes = saved.copied_bytes / 1e6
        self.stdout.write(
            f"Snapshot {saved.snapshot}: {saved.files} files, {saved.copied} of them new "
            f"({megabytes:.1f} MB)."
        )
        if saved.missing:
            raise CommandError(
                f"The snapshot is complete but for {saved.missing} files that this installation "
                "has lost or that are damaged.",
                returncode=2,
            )
