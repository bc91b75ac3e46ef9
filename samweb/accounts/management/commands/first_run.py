"""`manage.py first_run`: make the instance admin where there is none; again does nothing.

It also clears what killed processes left in the temporary folder more than a day ago.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from samweb.accounts import services
from samweb.core.files import store


class Command(BaseCommand):
    help = "Make the instance admin from SAMWEB_ADMIN_USERNAME and SAMWEB_ADMIN_PASSWORD."

    def handle(self, *args: Any, **options: Any) -> None:
        store().sweep()
        user = services.first_admin()
        if user is None or options["verbosity"] == 0:
            return
        self.stdout.write(f"Made the account {user.username!r}.")
        if not settings.SAMWEB.admin_password:
            self.stdout.write(f"Its password lies in {services.password_file()}.")
