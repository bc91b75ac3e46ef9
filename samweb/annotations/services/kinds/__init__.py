"""One file per family of operations; each holds `KINDS`, its handlers by kind.

A handler takes the writing and the incoming operation, changes rows, and returns `Done` with the
payload as it was applied, from which `replay` can make the row again. It raises Refused or Stale.
"""

from __future__ import annotations

from collections.abc import Callable

from samweb.annotations.services.incoming import Done, Incoming, Writing
from samweb.annotations.services.kinds import (
    annotation,
    comment,
    image,
    job,
    job_image,
    label,
    verdict,
)

Handler = Callable[[Writing, Incoming], Done]

HANDLERS: dict[str, Handler] = {
    **annotation.KINDS,
    **verdict.KINDS,
    **comment.KINDS,
    **job_image.KINDS,
    **job.KINDS,
    **label.KINDS,
    **image.KINDS,
}
