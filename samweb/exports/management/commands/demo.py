"""`manage.py demo`: make the project "Demo" for the instance admin; again does nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from samweb.accounts.selectors import instance_admin
from samweb.exports.demo.load import DemoFailed, demo_create


class Command(BaseCommand):
    help = 'Make the project "Demo": eight photographs, labels, a job, one finished example.'

    def handle(self, *args: Any, **options: Any) -> None:
        owner = instance_admin()
        if owner is None:
            raise CommandError("There is no admin yet. Run: manage.py first_run")
        try:
            project = demo_create(owner)
        except DemoFailed as error:
            raise CommandError(f"The demo project was not made: {error}") from error
        if options["verbosity"] > 0:
            text = (
                f"Made the project {project.name!r}." if project else "The demo is there already."
            )
            self.stdout.write(text)
