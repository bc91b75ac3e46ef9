"""`manage.py restore SOURCE`: bring a backup into an empty installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from samweb.exports.backup.layout import BadBackup
from samweb.exports.backup.restoring import restore


class Command(BaseCommand):
    help = "Restore a backup into an empty data folder and an empty database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, metavar="SOURCE")
        parser.add_argument("--snapshot", default="", help="which one; else the newest")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            snapshot = restore(options["source"], name=options["snapshot"])
        except (BadBackup, OSError) as error:
            raise CommandError(str(error)) from error
        manifest = snapshot.manifest
        self.stdout.write(f"Restored {snapshot.name}, made {manifest['created']}.")
        if manifest["files"] is None:
            self.stdout.write("It holds no files: copy the folder `files` of the old data folder.")
        if manifest["missing"]:
            self.stdout.write(f"{manifest['missing']} files were lost before the backup was made.")
        self.stdout.write("Sign in anew: sessions are not restored with another signing key.")
