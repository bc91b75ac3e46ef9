"""One operation as it came over the wire, checked; and what its handler may lean on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.dateparse import parse_datetime

from samweb.accounts.models import User
from samweb.annotations.models import JobImage, Operation
from samweb.annotations.services import checks
from samweb.annotations.services.checks import Refused
from samweb.core import clock
from samweb.projects.models import RANK, Image, Label, Project

MOST = 2**31 - 1
ENVELOPE = {
    "id": checks.identifier,
    "kind": checks.text(40, blank=False),
    "target": checks.identifier,
    "base_version": checks.whole(0, MOST),
    "payload": lambda value: value,
    "client_time": checks.optional(checks.text(40)),
    "active_ms": checks.whole(0, MOST),
    "clicks": checks.whole(0, MOST),
    "tool": checks.text(40),
    "source": checks.text(40),
}


@dataclass(frozen=True)
class Incoming:
    """A checked envelope; the payload is checked by its kind."""

    id: UUID
    kind: str
    target: UUID
    base_version: int
    payload: dict[str, Any]
    client_time: datetime | None = None
    active_ms: int = 0
    clicks: int = 0
    tool: str = ""
    source: str = ""

    @property
    def digest(self) -> str:
        """What makes two operations the same edit: everything but times and effort."""
        said = [self.kind, str(self.target), self.base_version, self.payload]
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def incoming_of(data: Any) -> Incoming:
    """Check one operation of a batch. Raises Refused."""
    if not isinstance(data, dict):
        raise Refused("An operation is an object.")
    checks.storable(data)
    fields = checks.read(data, ENVELOPE, "id", "kind", "target", "base_version", "payload")
    if not isinstance(fields["payload"], dict):
        raise Refused("payload must be an object.")
    return Incoming(
        **{
            **fields,
            "id": UUID(fields["id"]),
            "target": UUID(fields["target"]),
            "client_time": _time_of(fields.get("client_time")),
        }
    )


def _time_of(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parse_datetime(text)
        if found is None or found.tzinfo is None:
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("client_time must be a time such as 2026-01-31T12:00:00Z.") from None


@dataclass(frozen=True)
class Done:
    """What a handler did: the version the target has now, and the fields as they were applied."""

    version: int
    payload: dict[str, Any]


@dataclass
class Writing:
    """One batch being written: who, where, the next seq, and rows that were looked up already.

    The project row is locked while this lives, so `seq` and every version check are safe.
    """

    user: User
    project: Project
    role: str
    device: str
    seq: int
    received: datetime = field(default_factory=clock.now)
    _images: dict[UUID, Image | None] = field(default_factory=dict)
    _labels: dict[UUID, Label | None] = field(default_factory=dict)
    _work: dict[tuple[UUID, str], list[JobImage]] = field(default_factory=dict)

    def require(self, role: str) -> None:
        """Refuse whoever ranks below `role`."""
        if RANK[self.role] < RANK[role]:
            raise Refused(f"This needs the role {role} here; yours is {self.role}.", "role_too_low")

    def has(self, role: str) -> bool:
        return RANK[self.role] >= RANK[role]

    def image(self, identifier: str) -> Image:
        """A live image of this project, or Refused like a missing one."""
        key = UUID(identifier)
        if key not in self._images:
            self._images[key] = Image.objects.filter(
                id=key, project=self.project, deleted_at__isnull=True
            ).first()
        image = self._images[key]
        if image is None:
            raise Refused("There is no such image in this project.", "not_found")
        return image

    def label(self, identifier: str | None) -> Label | None:
        """A label of this project, tombstones included: work in flight keeps its meaning."""
        if identifier is None:
            return None
        key = UUID(identifier)
        if key not in self._labels:
            self._labels[key] = Label.objects.filter(id=key, project=self.project).first()
        label = self._labels[key]
        if label is None:
            raise Refused("There is no such label in this project.", "unknown_label")
        return label

    def taken(self, model: type[Model], op: Incoming) -> bool:
        """Whether the id of a new row names a row of this project. Refused when it is another's."""
        rows = model._default_manager.filter(pk=op.target).values_list("project", flat=True)
        owner = next(iter(rows), None)
        if owner is not None and owner != self.project.pk:
            raise Refused("This id is taken. Make a new one.", "id_reused")
        return owner is not None

    def work_on(self, image: Image, layer: str) -> list[JobImage]:
        """The live job images of an image's layer."""
        key = (image.id, layer)
        if key not in self._work:
            self._work[key] = list(
                JobImage.objects.filter(
                    image=image, layer=layer, deleted_at__isnull=True, project=self.project
                )
            )
        return self._work[key]

    def forget(self) -> None:
        """Drop what was looked up: rows behind it have changed, or were rolled back."""
        self._images.clear()
        self._labels.clear()
        self._work.clear()

    def record(self, op: Incoming, done: Done) -> Operation:
        """Append the operation under the next seq. Raises IntegrityError when its id is taken."""
        operation = Operation(
            id=op.id, project=self.project, seq=self.seq, actor=self.user, device=self.device,
            client_time=op.client_time, received=self.received, kind=op.kind, target=op.target,
            base_version=op.base_version, version=done.version, payload=done.payload,
            active_ms=op.active_ms, clicks=op.clicks, tool=op.tool, source=op.source,
            digest=op.digest,
        )  # fmt: skip
        operation.save(force_insert=True)
        return operation
