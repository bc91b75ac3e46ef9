"""`manage.py models list | pull NAME | import FILE | remove NAME | verify`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from samweb.annotations.selectors.annotations import drawn_with
from samweb.core.errors import ApiError
from samweb.core.files import store
from samweb.core.outbound import open_url
from samweb.embeddings import services
from samweb.embeddings.models import Bundle
from samweb.embeddings.selectors import bundle_files
from workers import encoder, inventory
from workers.places import library
from workers.sam.bundle import BundleError, load_bundle
from workers.sam.checkpoints.download import Wanted, download
from workers.sam.checkpoints.errors import CheckpointError
from workers.sam.checkpoints.importing import Ways, import_file, standard_ways
from workers.sam.families import variant as find_variant


class Command(BaseCommand):
    help = "The models of this installation: what is here, what can be fetched, what is broken."
    ways: Ways | None = None  # tests put smaller models in

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("list", help="models that are known, and bundles that are here")
        pull = actions.add_parser("pull", help="fetch an official checkpoint and import it")
        pull.add_argument("name", help="a name that `models list` shows")
        pull.add_argument("--keep", action="store_true", help="keep the downloaded file")
        take = actions.add_parser("import", help="make a bundle of a checkpoint, or take one")
        take.add_argument("file", type=Path, help=".pt, .pth, .safetensors; a bundle's folder, zip")
        take.add_argument("--variant", help="which model it is; found out when not given")
        take.add_argument("--name", help="what the bundle is called; its variant when not given")
        remove = actions.add_parser("remove", help="delete an imported bundle and its embeddings")
        remove.add_argument("name", help="its name, or the beginning of its id")
        remove.add_argument("--force", action="store_true", help="even if objects came from it")
        actions.add_parser("verify", help="hash every file of every bundle again")

    def handle(self, *args: Any, **options: Any) -> None:
        action = getattr(self, f"do_{options['action']}")
        try:
            action(**options)
        except (CheckpointError, BundleError, services.BadBundle) as problem:
            raise CommandError(str(problem)) from None
        except ApiError as problem:
            raise CommandError(problem.message) from None

    def do_list(self, **_: Any) -> None:
        rows = inventory.rows()
        width = max(len(row.name) for row in rows)
        for row in rows:
            size = f"{row.bytes / 1e6:.1f} MB" if row.bytes else ""
            self.stdout.write(
                f"{row.name:{width}}  {row.id[:12]:12}  {size:>10}  {row.state}".rstrip()
            )

    def do_pull(self, *, name: str, keep: bool = False, **_: Any) -> None:
        try:
            entry = find_variant(name)
        except KeyError as problem:
            raise CheckpointError(str(problem.args[0])) from None
        if entry.source is None:
            raise CheckpointError(f"{name} needs no download: it ships.")
        if (library().root / name / "manifest.json").is_file():
            self.stdout.write(f"{name} is here already.")
            return
        ways = self.ways or standard_ways()  # before an hour of downloading
        source = entry.source
        wanted = Wanted(source.url, source.sha256, source.bytes)
        shelf = library()
        line = Line(self.stderr, name)
        file = download(wanted, shelf.downloads, open_url, shelf.pins, progress=line.show)
        line.end()
        self._import(file, variant=name, name=None, ways=ways)
        if not keep:
            file.unlink()

    def do_import(
        self, *, file: Path, variant: str | None = None, name: str | None = None, **_: Any
    ) -> None:
        self._import(file, variant=variant, name=name, ways=self.ways)

    def _import(
        self, file: Path, *, variant: str | None, name: str | None, ways: Ways | None
    ) -> None:
        try:
            Bundle.objects.exists()
        except DatabaseError:  # said now and not after minutes of converting
            raise CheckpointError(
                "The database is not set up yet: `make run` once, or `manage.py migrate`."
            ) from None
        shelf = library()
        with shelf.workshop() as workshop:
            say = self.stdout.write
            found = import_file(
                file, workshop, variant=variant, name=name, ways=ways, say=lambda text: say(text)
            )
            services.manifest_check(found.bundle.manifest)
            folder = shelf.install(found.bundle)
        row = services.bundle_register(found.bundle.manifest, folder)
        if folder.parent == shelf.root:
            for entry in bundle_files(row.manifest).values():  # one copy on disk, not two
                encoder.link(store().path("bundles", entry["sha256"]), folder / entry["file"])
        self.stdout.write(
            f"{row.name} is here: bundle {row.id[:12]}, {inventory.bytes_of(folder) / 1e6:.1f} MB. "
            "Projects choose it in their settings."
        )

    def do_remove(self, *, name: str, force: bool = False, **_: Any) -> None:
        shipped = {load_bundle(folder).id for folder in encoder.shipped()}
        rows = [row for row in Bundle.objects.all() if inventory.is_meant(row, name)]
        if not rows and not (library().root / name / "manifest.json").is_file():
            raise CheckpointError(f"There is no bundle {name!r} here.")
        if len({row.name for row in rows}) > 1:
            raise CheckpointError(f"{name!r} could be several bundles; use more of the id.")
        for row in rows:
            if row.id in shipped:
                raise CheckpointError(f"{row.name} comes with samweb and stays.")
            drawn = drawn_with(row.id)
            if drawn and not force:
                raise CheckpointError(
                    f"{drawn} objects were drawn with {row.name}. With --force it goes all the "
                    "same: they stay as they are, and their prompts cannot be decoded again."
                )
        freed = sum(services.bundle_remove(row) for row in rows)
        folder_name = rows[0].name if rows else name
        library().remove(folder_name)
        self.stdout.write(f"{folder_name} is gone; {freed / 1e6:.1f} MB are free again.")

    def do_verify(self, **_: Any) -> None:
        problems = 0
        for name, found in inventory.verify():
            problems += len(found)
            for problem in found:
                self.stdout.write(f"{name}: {problem}")
            if not found:
                self.stdout.write(f"{name}: every file is what its hash says.")
        if problems:
            raise CommandError(f"{problems} files are not what they should be.")


class Line:
    """How far a download is: one line that is written over, or a line every tenth of the way."""

    def __init__(self, out: Any, name: str) -> None:
        self.out = out
        self.name = name
        self.live = sys.stderr.isatty()
        self.told = -1

    def show(self, here: int, total: int | None) -> None:
        step = here * (100 if self.live else 10) // total if total else here // 10_000_000
        if step == self.told:
            return
        self.told = step
        share = f" of {total / 1e6:.1f} MB ({here / total:.0%})" if total else " MB"
        self.out.write(f"{self.name}: {here / 1e6:.1f}{share}", ending="\r" if self.live else "\n")

    def end(self) -> None:
        if self.live:
            self.out.write("")
