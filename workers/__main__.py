"""`python -m workers`: one worker process that takes both lanes, interactive first.

The same as `celery -A workers.app worker` with the options that every broker here needs: the
embedded queue has no fanout, so there is nothing to gossip about.
"""

from __future__ import annotations

import sys
import warnings


def main() -> None:
    # A container's only user is often root; the operator guide says how to do better.
    warnings.filterwarnings("ignore", message=".*superuser privileges.*")
    from workers.app import app

    app.worker_main(
        ["--quiet", "worker", "--loglevel", "warning", "--without-gossip", "--without-mingle",
         "--without-heartbeat", *sys.argv[1:]]
    )  # fmt: skip


if __name__ == "__main__":
    main()
