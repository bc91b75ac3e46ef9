"""The settings of the tests: pytest reads settings before any conftest, so the environment is
made here. The tests never touch the data folder or the database of an installation.
"""

from __future__ import annotations

import atexit
import os
import tempfile

_folder = tempfile.TemporaryDirectory(prefix="samweb-tests-")
atexit.register(_folder.cleanup)
os.environ["SAMWEB_DATA_DIR"] = _folder.name
for name in ("SAMWEB_URL", "REDIS_URL", "CELERY_BROKER_URL", "DATABASE_URL"):
    os.environ.pop(name, None)
if url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url

from samweb.config.settings import *  # noqa: E402, F403

# The real hasher is slow on purpose, and every test makes people.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
