"""Reads one consistent state of a project into a spool file. Writers are not kept waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from samweb.annotations.models import Annotation, JobImage
from samweb.exports import names
from samweb.exports.dataset import Category, Dataset, Header, Object, Picture, line_of
from samweb.projects.models import Image, Label, Project

INCLUDE = {
    "accepted": ("accepted",),
    "submitted": ("submitted", "in_review", "accepted"),
    "all": None,
}
NO_LABEL = "(no label)"


class Miscounted(Exception):
    """The snapshot does not hold as many annotations or images as the database counts."""


_CHUNK = 200  # images whose annotations are fetched together


@contextmanager
def frozen() -> Iterator[None]:
    """A read transaction that sees one state of the database and takes no lock for writing."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Not `atomic()`: that begins IMMEDIATE here, and everybody's saves would wait for us.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def take(
    *, project: UUID, include: str, labels: list[str] | None, with_images: bool, spool: Path
) -> Dataset:
    """Write the project's state into `spool` and return it as a Dataset.

    `include` is a key of INCLUDE. Raises Project.DoesNotExist, Miscounted.
    """
    with frozen(), spool.open("w", encoding="utf-8") as file:
        row = Project.objects.get(id=project, deleted_at__isnull=True)
        categories = _categories(row)
        header = Header(
            project=str(row.id), project_name=row.name, seq=row.seq, include=include,
            with_images=with_images, categories=list(categories.values()), labels=labels,
        )  # fmt: skip
        reader = _Reader(header, {key: item.number for key, item in categories.items()})
        images = _images(row, include)
        for picture in reader.pictures(images):
            file.write(line_of(picture))
        _count_again(header, images)
    return Dataset(header, spool)


def _count_again(header: Header, images: QuerySet[Image]) -> None:
    """Ask the database, in one plain statement, for the number of what was read in chunks."""
    objects = Annotation.objects.filter(
        image__in=images.order_by().values("id"), layer="main", deleted_at__isnull=True
    ).count()
    read = header.objects + sum(header.left_out.values())
    if (read, header.pictures) != (objects, images.count()):
        raise Miscounted(f"{read} of {objects} annotations were read")


def _images(project: Project, include: str) -> QuerySet[Image]:
    rows = Image.objects.filter(project=project, deleted_at__isnull=True)
    if (states := INCLUDE[include]) is not None:
        chosen = JobImage.objects.filter(
            project=project, layer="main", state__in=states, deleted_at__isnull=True,
            job__deleted_at__isnull=True,
        )  # fmt: skip
        rows = rows.filter(id__in=chosen.values("image"))
    return rows.order_by("position", "id")


def _categories(project: Project) -> dict[UUID | None, Category]:
    """All labels in their order, then deleted ones still in use, then "(no label)" if used."""
    used = Annotation.objects.filter(project=project, layer="main", deleted_at__isnull=True)
    in_use = set(used.values_list("label", flat=True).distinct().order_by())
    rows = list(
        Label.objects.filter(project=project).select_related("parent").order_by("order", "id")
    )
    living = [row for row in rows if row.deleted_at is None]
    deleted = [row for row in rows if row.deleted_at is not None and row.id in in_use]
    unique = names.UniqueNames()
    found: dict[UUID | None, Category] = {}
    for row in living + deleted:
        name = row.name if row.deleted_at is None else f"{row.name} (deleted)"
        found[row.id] = Category(
            number=len(found) + 1, name=unique.take(name), colour=row.colour, kind=row.kind,
            parent=row.parent.name if row.parent else "", label=str(row.id),
        )  # fmt: skip
    if None in in_use:
        found[None] = Category(len(found) + 1, unique.take(NO_LABEL), "#808080", "thing", "", None)
    return found


@dataclass
class _Reader:
    """Turns rows into pictures, a chunk of images at a time, and counts what is left out."""

    header: Header
    numbers: dict[UUID | None, int]

    def pictures(self, images: QuerySet[Image]) -> Iterator[Picture]:
        unique = names.UniqueNames()
        rows = images.iterator(chunk_size=_CHUNK)
        while chunk := list(islice(rows, _CHUNK)):
            ids = [image.id for image in chunk]
            objects, jobs = self._objects(ids), _job_images(ids)
            for image in chunk:
                things = objects.get(image.id, [])
                picture = self._picture(image, things, jobs.get(image.id), unique)
                self.header.pictures += 1
                self.header.objects += len(picture.objects)
                yield picture

    def _objects(self, images: list[UUID]) -> dict[UUID, list[Object]]:
        rows = (
            Annotation.objects.filter(image__in=images, layer="main", deleted_at__isnull=True)
            .select_related("mask", "verdict")
            .order_by("image", "order_key", "id")
        )
        found: dict[UUID, list[Object]] = {}
        for row in rows:
            if rule := self._left_out(row):
                self.header.left_out[rule] = self.header.left_out.get(rule, 0) + 1
            else:
                found.setdefault(row.image_id, []).append(self._object(row))
        return found

    def _left_out(self, row: Annotation) -> str | None:
        if self.header.labels is not None and str(row.label_id) not in self.header.labels:
            return "other_label"
        if row.mask.area == 0:
            return "empty_mask"
        if self.header.include == "accepted" and _verdict(row) == "rejected":
            return "rejected"
        return None

    def _object(self, row: Annotation) -> Object:
        return Object(
            id=str(row.id), category=self.numbers[row.label_id], counts=row.mask.counts,
            area=row.mask.area, bbox=row.mask.bbox, iscrowd=row.iscrowd,
            attributes=row.attributes, track=str(row.track) if row.track else None,
            version=row.version, verdict=_verdict(row),
        )  # fmt: skip

    def _picture(
        self, image: Image, objects: list[Object], job: JobImage | None, unique: names.UniqueNames
    ) -> Picture:
        path = names.safe_path(image.folder, image.name)
        if self.header.with_images:
            path = names.with_suffix_of(path, image.display_type)
        return Picture(
            number=self.header.pictures + 1, id=str(image.id), file_name=unique.take(path),
            name=image.name, folder=image.folder, width=image.width, height=image.height,
            pixels_sha256=image.pixels_sha256, display_sha256=image.display_sha256,
            split=image.split, external_id=image.external_id, attributes=image.attributes,
            nothing_to_label=bool(job and job.nothing_to_label),
            state=job.state if job else None, licence=self._licence(image.metadata),
            credit=_text(image.metadata, "credit"), objects=objects,
        )  # fmt: skip

    def _licence(self, metadata: dict[str, Any]) -> str:
        """The licence named in the image's metadata, numbered at its first appearance."""
        name = _text(metadata, "licence")
        if name:
            self.header.licences.setdefault(name, len(self.header.licences) + 1)
        return name


def _text(metadata: dict[str, Any], key: str) -> str:
    value = metadata.get(key) if isinstance(metadata, dict) else None
    return value if isinstance(value, str) else ""


def _verdict(row: Annotation) -> str | None:
    """The last verdict, where it is about the annotation as it is now."""
    verdict = getattr(row, "verdict", None)
    if verdict is None or verdict.annotation_version != row.version:
        return None
    return str(verdict.verdict)


def _job_images(images: list[UUID]) -> dict[UUID, JobImage]:
    """The JobImage that got furthest, for each image that is in a job."""
    rank = {state: place for place, state in enumerate(
        ["skipped", "new", "returned", "in_work", "submitted", "in_review", "accepted"]
    )}  # fmt: skip
    rows = JobImage.objects.filter(
        image__in=images, layer="main", deleted_at__isnull=True, job__deleted_at__isnull=True
    ).order_by("id")
    found: dict[UUID, JobImage] = {}
    for row in rows:
        held = found.get(row.image_id)
        if held is None or rank[row.state] > rank[held.state]:
            found[row.image_id] = row
    return found
