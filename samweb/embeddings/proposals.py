"""Proposals: where each image's stand, who asks for them, and how they are kept.

One content-addressed file per (raster, bundle, parameters); the row says that it is there. Like
embeddings they can be made again, so they are never backed up, and a row without its file is as
good as none.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from samweb.accounts.models import User
from samweb.core.errors import Conflict, NotFound
from samweb.core.files import store
from samweb.core.models import Run
from samweb.core.presentation import run_json
from samweb.core.queue import enqueue
from samweb.embeddings import proposal_format, selectors
from samweb.embeddings.models import Bundle, ProposalSet
from samweb.projects import selectors as projects
from samweb.projects.models import Image, Project

# What is asked for by default: everything, as the worker's settings for the bundle find it. The
# number goes up when these change, so that older sets are made again.
DEFAULT: dict[str, Any] = {"what": "everything", "version": 1}
GONE = "There are no such proposals here."


def proposal_key(pixels_sha256: str, bundle: str, parameters: dict[str, Any]) -> str:
    """The public name of a set of proposals: SHA-256 (hex) of what determines it."""
    canonical = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    text = "\n".join(("proposals", pixels_sha256, bundle, canonical))
    return hashlib.sha256(text.encode()).hexdigest()


def dedupe_key(key: str) -> str:
    """The key under which one run at a time makes this set."""
    return f"propose:{key}"


def key_for(image: Image, bundle: Bundle) -> str:
    return proposal_key(image.pixels_sha256, bundle.id, DEFAULT)


def present(key: str) -> ProposalSet | None:
    """The set of this key if it is there, bytes and all."""
    found = ProposalSet.objects.filter(key=key).first()
    if found is not None and store().exists("proposals", found.sha256):
        return found
    return None


def record(image: Image) -> dict[str, Any]:
    """Where one image's proposals stand. `url` gives them once `state` is ready."""
    bundle = selectors.bundle_of(image.project)
    key = key_for(image, bundle) if bundle else None
    made = present(key) if key else None
    run = None
    if key and made is None:
        runs = Run.objects.filter(dedupe_key=dedupe_key(key)).exclude(state=Run.State.DONE)
        run = runs.order_by("-created", "-id").first()
    state, error = "ready" if made else "none", None
    if run is not None and run.state in Run.ACTIVE:
        state = run.state
    elif run is not None and run.state in (Run.State.FAILED, Run.State.DEAD):
        state, error = "failed", run.error or "The worker gave no reason."
    return {
        "state": state,
        "key": key,
        "url": f"/api/v1/proposals/{key}" if made else None,
        "count": made.count if made else None,
        "bundle": bundle.id if bundle else None,
        "error": error,
        "run": run_json(run) if run is not None and run.state in Run.ACTIVE else None,
    }


def visible(user: User, key: str) -> ProposalSet:
    """A set that the user may fetch: they see an image with its pixels. Or NotFound."""
    found = ProposalSet.objects.filter(key=key).first() if selectors.is_hash(key) else None
    if found is None:
        raise NotFound(GONE)
    if not projects.image_scope(user).filter(pixels_sha256=found.pixels_sha256).exists():
        raise NotFound(GONE)
    return found


def request_image(
    image: Image, *, lane: str = Run.Lane.BULK, actor: UUID | None = None
) -> Run | None:
    """See to it that an image's proposals are made; None when they are there. Raises Conflict
    before any worker has offered a model."""
    bundle = selectors.bundle_of(image.project)
    if bundle is None:
        raise Conflict(
            "No worker has offered a model yet, so nothing can be proposed. Start a worker.",
            code="no_model",
        )
    key = key_for(image, bundle)
    if present(key) is not None:
        return None
    return enqueue(
        "propose",
        payload={"image": str(image.id), "bundle": bundle.id, "key": key},
        project=image.project_id,
        dedupe_key=dedupe_key(key),
        lane=lane,
        actor=actor,
    )


def request_many(project: Project, *, job: UUID | None = None, actor: UUID | None = None) -> Run:
    """Ask for the proposals of a project's images, or of one job's; one run walks them."""
    return enqueue(
        "propose_all",
        payload={"project": str(project.id), "job": str(job) if job else None},
        project=project.id,
        dedupe_key=f"propose_all:{project.id}:{job or 'all'}",
        actor=actor,
    )


def keep(
    found: proposal_format.Proposals, *, pixels_sha256: str, bundle: Bundle, parameters: Any
) -> ProposalSet:
    """Keep what a worker found. Bytes first, row after; doing it twice keeps one."""
    key = proposal_key(pixels_sha256, bundle.id, parameters)
    blob = store().put("proposals", proposal_format.to_bytes(found))
    made, _new = ProposalSet.objects.update_or_create(
        key=key,
        defaults={
            "pixels_sha256": pixels_sha256, "bundle": bundle, "parameters": parameters,
            "sha256": blob.sha256, "count": len(found.masks),
        },
    )  # fmt: skip
    return made
