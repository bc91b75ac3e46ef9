"""`manage.py sign_in_link [USERNAME] [--next PATH]`: print a link that signs in once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from samweb.accounts import selectors, services
from samweb.core.errors import ApiError


class Command(BaseCommand):
    help = "Print a one-time sign-in link, for the instance admin unless a name is given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?")
        parser.add_argument("--next", default="/", help="path to land on")
        parser.add_argument("--minutes", type=int, default=60, help="how long it is good for")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        user = selectors.user_by_name(name) if name else selectors.instance_admin()
        if user is None:
            raise CommandError(f"There is no active account {name!r}." if name else "No admin yet.")
        try:
            secret = services.sign_in_link_create(
                user=user, next=options["next"], minutes=options["minutes"]
            )
        except ApiError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{settings.SAMWEB.url}/sign-in/{secret}")
