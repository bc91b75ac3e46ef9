"""Makes the demo project through the same services that people use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from samweb.accounts.models import User
from samweb.annotations.models import JobImage
from samweb.annotations.services.operations import operations_apply
from samweb.core.ids import uuid7
from samweb.projects.models import Image, Label, Project
from samweb.projects.services import file_add, image_update, project_create, project_update

DATA = Path(__file__).parent / "data"
JOB = "First steps"
INSTRUCTIONS = (
    "Click an object: a mask appears. Take it with Enter, give it a label, submit the image. "
    "The first image is finished and accepted, as an example."
)


class DemoFailed(Exception):
    """A step of the demo was refused; nothing of it is kept."""


def manifest() -> dict[str, Any]:
    """The demo's photographs, labels and credits."""
    return dict(json.loads((DATA / "manifest.json").read_text(encoding="utf-8")))


def demo_create(owner: User) -> Project | None:
    """Make the project, or return None when there is (or once was) one of that name.

    All or nothing: a stop half-way leaves no trace. Raises DemoFailed.
    """
    said = manifest()
    if Project.objects.filter(name=said["name"]).exists():
        return None
    with transaction.atomic():
        project = project_create(
            actor=owner, name=said["name"], description=said["description"], labels=said["labels"]
        )
        # One person tries both sides here, so the demo lets people review their own work.
        project = project_update(
            project=project, actor=owner, base_version=project.version, self_review=True
        )
        images = {entry["file"]: _image(project, owner, entry) for entry in said["images"]}
        steps = _Steps(owner, project)
        steps.do("job.create", uuid7(), 0, {
            "name": JOB, "instructions": INSTRUCTIONS, "assignee": str(owner.pk),
            "images": [str(image.pk) for image in images.values()],
        })  # fmt: skip
        _annotate(steps, images[said["example"]])
    return project


def _image(project: Project, owner: User, entry: dict[str, Any]) -> Image:
    with (DATA / entry["file"]).open("rb") as file:
        added = file_add(project=project, actor=owner, file=file, path=entry["file"])
    if added.image is None:
        raise DemoFailed(added.message)
    keys = ("title", "licence", "licence_url", "credit", "source", "changes")
    metadata = {key: entry[key] for key in keys}
    return image_update(
        image=added.image, actor=owner, base_version=added.image.version, metadata=metadata
    )


class _Steps:
    """Operations one after another, each of which must be applied."""

    def __init__(self, owner: User, project: Project) -> None:
        self.owner, self.project = owner, project

    def do(self, kind: str, target: UUID, base_version: int, payload: dict[str, Any]) -> int:
        """Apply one operation; returns the target's version. Raises DemoFailed."""
        operation = {
            "id": str(uuid7()), "kind": kind, "target": str(target), "base_version": base_version,
            "payload": payload, "source": "demo",
        }  # fmt: skip
        results, _seq = operations_apply(
            user=self.owner, project=self.project, device="demo", operations=[operation]
        )
        if results[0]["status"] != "applied":
            raise DemoFailed(f"{kind}: {results[0].get('message', results[0]['status'])}")
        return int(results[0]["version"])


def _annotate(steps: _Steps, image: Image) -> None:
    """Draw the example's outlines, submit, review and accept them."""
    job_image = JobImage.objects.get(project=steps.project, image=image)
    moves = {"to": "in_work"}
    version = steps.do("job_image.move", job_image.pk, job_image.version, moves)
    drawn = []
    for number, (label, mask) in enumerate(_outlines(steps.project, image)):
        target = uuid7()
        drawn.append(target)
        steps.do("annotation.create", target, 0, {
            "image": str(image.pk), "layer": "main", "label": label, "mask": mask,
            "recipe": {"version": 1, "steps": [{"type": "paint", "add": mask, "remove": None}]},
            "order_key": f"a{number}",
        })  # fmt: skip
    version = steps.do("job_image.move", job_image.pk, version, {"to": "submitted"})
    for target in drawn:
        steps.do("verdict.set", target, 1, {"verdict": "accepted"})
    version = steps.do("job_image.move", job_image.pk, version, {"to": "in_review"})
    steps.do("job_image.move", job_image.pk, version, {"to": "accepted"})


def _outlines(project: Project, image: Image) -> list[tuple[str, dict[str, Any]]]:
    """Label id and mask of everything a person drew on the image."""
    coco = json.loads((DATA / "human_masks.json").read_text(encoding="utf-8"))
    names = {category["id"]: category["name"] for category in coco["categories"]}
    labels = {label.name: str(label.pk) for label in Label.objects.filter(project=project)}
    (number,) = [entry["id"] for entry in coco["images"] if entry["file_name"] == image.name]
    return [
        (labels[names[entry["category_id"]]], entry["segmentation"])
        for entry in coco["annotations"]
        if entry["image_id"] == number
    ]
