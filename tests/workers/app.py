"""The worker process with the suites' kinds: `celery -A tests.workers.app worker`."""

import os
import threading
import time

from workers import kinds
from workers.app import app, run

kinds.PACKAGES.append("tests.workers.kinds")


def _end_with_the_suite(suite: int) -> None:
    """A suite that is killed must not leave its workers behind."""
    while os.getppid() == suite:
        time.sleep(1)
    os._exit(1)


threading.Thread(target=_end_with_the_suite, args=(os.getppid(),), daemon=True).start()

__all__ = ["app", "run"]
