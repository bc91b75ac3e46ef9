"""The server of the kill tests: as installed, plus the place where it dies on request."""

from __future__ import annotations

from samweb.config.settings import *  # noqa: F403
from samweb.config.settings import MIDDLEWARE

MIDDLEWARE = ["tests.kill.fault.DieOnRequest", *MIDDLEWARE]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No pages are asked for, and the front end may be being built meanwhile.
STATICFILES_DIRS: list[object] = []
