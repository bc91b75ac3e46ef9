"""manage.py verify_journal [PROJECT]: current rows = replay of operations, or say where not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from samweb.annotations.services.replay import differences
from samweb.projects.models import Project


class Command(BaseCommand):
    help = "Replay the journal and compare it with the rows; fails when they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", nargs="?", help="id or name; all projects when absent")

    def handle(self, *args: Any, project: str | None = None, **options: Any) -> None:
        failed = 0
        for one in self.chosen(project):
            with transaction.atomic():  # one snapshot of journal and rows
                one = Project.objects.select_for_update().get(pk=one.pk)
                found = differences(one)
            for line in found:
                self.stderr.write(f"{one.name}: {line}")
            if not found:
                self.stdout.write(f"{one.name}: rows equal the replay, seq {one.seq}")
            failed += len(found)
        if failed:
            raise CommandError(f"{failed} differences")

    def chosen(self, project: str | None) -> list[Project]:
        if project is None:
            return list(Project.objects.order_by("created"))
        try:
            found = list(Project.objects.filter(pk=UUID(project)))
        except ValueError:
            found = list(Project.objects.filter(name=project))
        if not found:
            raise CommandError(f"There is no project {project!r}.")
        return found
