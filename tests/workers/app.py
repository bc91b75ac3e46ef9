"""The worker process with the suites' kinds: `celery -A tests.workers.app worker`."""

from workers import kinds
from workers.app import app, run

kinds.PACKAGES.append("tests.workers.kinds")

__all__ = ["app", "run"]
