"""Image rows: made from decoded uploads, renamed, moved, put away."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.db.models import Max

from samweb.accounts.models import User
from samweb.core import clock, live
from samweb.core.errors import NotFound, PreconditionFailed, Rejected
from samweb.projects import events, presentation
from samweb.projects.models import Image, Project
from samweb.projects.names import clean_text, folder_path
from samweb.projects.services.counter import next_seq

SPLITS = ("", "train", "val", "test")
DOCUMENT_BYTES = 65_536


@transaction.atomic
def image_create(*, project: Project, actor: User | None, **fields: Any) -> Image:
    """Make the row of a decoded picture whose files are stored. Asks for its embedding.

    Raises IntegrityError when the same bytes have come under the same name meanwhile.
    """
    seq = next_seq(project.pk)
    last = Image.objects.filter(project=project).aggregate(last=Max("position"))["last"]
    image = Image.objects.create(
        project=project, created_by=actor, seq=seq, position=(last or 0) + 1024, **fields
    )
    events.tell_image_added(image, actor)
    live.publish(project.pk, {"type": "seq", "seq": seq})
    return image


@transaction.atomic
def image_update(
    *, image: Image, actor: User | None, base_version: int, seq: int | None = None, **fields: Any
) -> Image:
    """Change `name, folder, position, split, external_id, metadata, attributes`.

    Raises PreconditionFailed with `record`, Rejected with the field in words.
    """
    image = _locked(image, base_version)
    for name, value in fields.items():
        if name not in CHECKS:
            raise Rejected(f"An image has no field {name!r} to change.", code="unknown_field")
        setattr(image, name, CHECKS[name](name, value))
    return _write(image, actor, "image.update", seq, fields)


@transaction.atomic
def image_delete(
    *, image: Image, actor: User | None, base_version: int, seq: int | None = None
) -> Image:
    """Set the tombstone; only the purge removes rows and files."""
    image = _locked(image, base_version)
    image.deleted_at = clock.now()
    return _write(image, actor, "image.delete", seq, {})


def _locked(image: Image, base_version: int) -> Image:
    current = Image.objects.select_for_update().filter(pk=image.pk).first()
    if current is None or current.deleted_at is not None:
        raise NotFound("The image has been deleted.")
    if current.version != base_version:
        raise PreconditionFailed(
            "Somebody has changed this image meanwhile.",
            record=presentation.image_json([current])[0],
        )
    return current


def _write(
    image: Image, actor: User | None, kind: str, seq: int | None, fields: dict[str, Any]
) -> Image:
    direct = seq is None
    image.seq = next_seq(image.project_id) if seq is None else seq
    base_version, image.version = image.version, image.version + 1
    image.save()
    if direct:
        events.tell_edited(
            events.Edit(
                kind, image.project_id, image.pk, actor, image.seq, base_version, image.version,
                fields,
            )
        )  # fmt: skip
        live.publish(image.project_id, {"type": "seq", "seq": image.seq})
    return image


def _text(name: str, value: Any) -> str:
    return clean_text(value, name, most=500, empty=name != "name")


def _folder(name: str, value: Any) -> str:
    return folder_path(clean_text(value, name, most=1000, empty=True))


def _position(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 53:
        raise Rejected("position must be a whole number.", code="bad_position")
    return value


def _split(name: str, value: Any) -> str:
    if value not in SPLITS:
        raise Rejected("split must be train, val, test or empty.", code="bad_split")
    return str(value)


def _document(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(json.dumps(value)) > DOCUMENT_BYTES:
        raise Rejected(f"{name} must be an object below 64 KB.", code="bad_document")
    return value


CHECKS = {
    "name": _text, "folder": _folder, "position": _position, "split": _split,
    "external_id": _text, "metadata": _document, "attributes": _document,
}  # fmt: skip
