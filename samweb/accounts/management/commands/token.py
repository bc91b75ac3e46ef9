"""`manage.py token USERNAME`: print a new API token."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from samweb.accounts import selectors, services


class Command(BaseCommand):
    help = "Make an API token for a person and print it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="command line")

    def handle(self, *args: Any, **options: Any) -> None:
        user = selectors.user_by_name(options["username"])
        if user is None:
            raise CommandError(f"There is no active account {options['username']!r}.")
        _, secret = services.token_create(user=user, name=options["name"])
        self.stdout.write(secret)
