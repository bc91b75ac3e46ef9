"""The review queue: what was handed in, the riskiest first, with the reason in words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q

from samweb.accounts.models import User
from samweb.annotations.models import Annotation, JobImage, Verdict
from samweb.annotations.moves import WITH_REVIEWERS
from samweb.annotations.records import Record
from samweb.annotations.selectors.jobs import job_image_records, with_objects
from samweb.projects import selectors as projects
from samweb.projects.models import RANK, Project

NEW_ANNOTATOR = 20  # accepted images until somebody's work is no longer looked at first
MOST_WEIGHED = 1000


@dataclass(frozen=True, order=True)
class Risk:
    """How likely the work needs a change, 0 to 1, and why."""

    score: float
    reason: str


def review_queue(project: Project, user: User, limit: int) -> list[Record]:
    """What this person may review now, riskiest first. `reason` says why it stands there."""
    rows = _waiting(project, user)
    recipes = _recipes(project, rows)
    accepted = _accepted_by_submitter(project)
    fixes = _answered_rejections(rows)
    risks = {
        row.pk: max(
            [
                *(_of_recipe(recipe) for recipe in recipes[row.image_id, row.layer]),
                _of_person(accepted.get(row.submitter_id, 0)),
                _of_image(row, fixes),
            ]
        )
        for row in rows
    }
    rows.sort(key=lambda row: (-risks[row.pk].score, str(row.pk)))
    rows = rows[:limit]
    return [
        {**record, "risk": round(risks[row.pk].score, 3), "reason": risks[row.pk].reason}
        for row, record in zip(rows, job_image_records(rows), strict=True)
    ]


def _waiting(project: Project, user: User) -> list[JobImage]:
    role = projects.require_role(user, project, "reviewer")
    rows = JobImage.objects.filter(
        project=project, state__in=WITH_REVIEWERS, deleted_at__isnull=True,
        image__deleted_at__isnull=True,
    )  # fmt: skip
    if RANK[role] < RANK["manager"]:
        # A fix goes back to its reviewer; a job may name one from the start.
        rows = rows.filter(
            Q(reviewer=user)
            | Q(reviewer__isnull=True, job__reviewer=user)
            | Q(reviewer__isnull=True, job__reviewer__isnull=True)
        )
    if not project.self_review:
        rows = rows.exclude(submitter=user).exclude(job__assignee=user)
    oldest = with_objects(rows).select_related("image", "job").order_by("submitted_at", "id")
    return list(oldest[:MOST_WEIGHED])


def _recipes(project: Project, rows: list[JobImage]) -> dict[tuple[UUID, str], list[Any]]:
    found = defaultdict(list)
    live = Annotation.objects.filter(
        project=project, image__in=[row.image_id for row in rows], deleted_at__isnull=True
    )
    for image, layer, recipe in live.values_list("image_id", "layer", "recipe"):
        found[image, layer].append(recipe)
    return found


def _accepted_by_submitter(project: Project) -> dict[UUID | None, int]:
    rows = JobImage.objects.filter(project=project, state=JobImage.State.ACCEPTED)
    return dict(rows.order_by().values_list("submitter").annotate(n=Count("id")))


def _answered_rejections(rows: list[JobImage]) -> set[UUID]:
    """Images with an object that was rejected and has been changed since."""
    answered = Verdict.objects.filter(
        annotation__image__in=[row.image_id for row in rows], verdict=Verdict.Value.REJECTED,
        annotation_version__lt=F("annotation__version"), annotation__deleted_at__isnull=True,
    )  # fmt: skip
    return set(answered.values_list("annotation__image", flat=True))


def _of_recipe(recipe: Any) -> Risk:
    """From the last decode step: what the model itself thought of its mask."""
    steps = recipe.get("steps", []) if isinstance(recipe, dict) else []
    decodes = [step for step in steps if isinstance(step, dict) and step.get("type") == "decode"]
    if not decodes:
        return Risk(0.2, "drawn by hand")
    last = decodes[-1]
    predictions = last.get("iou_predictions") or []
    risks = [Risk(0.0, "nothing unusual")]
    chosen = last.get("candidate", 0)
    if chosen < len(predictions):
        sure = min(1.0, max(0.0, predictions[chosen]))
        if sure < 0.8:
            risks.append(Risk(1 - sure, f"low predicted quality ({sure:.2f})"))
    if len(predictions) > 1:
        spread = min(1.0, max(predictions) - min(predictions))
        if spread > 0.3:
            risks.append(Risk(0.6 * spread, f"candidates far apart ({spread:.2f})"))
    stability = last.get("stability")
    if isinstance(stability, int | float) and stability < 0.8:
        risks.append(Risk(0.8 * (1 - max(0.0, stability)), f"unstable outline ({stability:.2f})"))
    return max(risks)


def _of_person(accepted: int) -> Risk:
    if accepted >= NEW_ANNOTATOR:
        return Risk(0.0, "nothing unusual")
    return Risk(0.3 * (1 - accepted / NEW_ANNOTATOR), f"new annotator ({accepted} accepted so far)")


def _of_image(row: JobImage, fixes: set[UUID]) -> Risk:
    if row.image_id in fixes:
        return Risk(0.5, "fixed after a rejection")
    if row.nothing_to_label:
        return Risk(0.35, "said to hold nothing to label")
    return Risk(0.0, "nothing unusual")
