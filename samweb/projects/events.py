"""What projects tells the apps above it, without importing them.

Imports go down; what goes up goes as a message. An app above appends a function to one of these
lists in its `AppConfig.ready`, and it is called inside the transaction of the change, so that
either both happen or neither:

- `image_added(image, actor)`: a picture came in. `embeddings` asks for its embedding here.
- `bundle_changing(project, bundle)`: another bundle is to draw; it may refuse by raising ApiError.
- `edited(edit)`: a label, image or project was changed directly, not by an operation of a batch.
  `annotations` appends the operation here.
- `image_fields[name](images)` and `project_counts(projects)`: parts of the JSON that others know;
  each answers for many rows at once, `{id: value}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from samweb.accounts.models import User
from samweb.projects.models import Image, Project


@dataclass(frozen=True)
class Edit:
    """A direct change: `kind` as operations have it, and the payload that would repeat it."""

    kind: str  # label.create|update|delete, image.update|delete
    project: UUID
    target: UUID
    actor: User | None
    seq: int
    base_version: int
    version: int
    payload: dict[str, Any]


image_added: list[Callable[[Image, User | None], None]] = []
bundle_changing: list[Callable[[Project, str], None]] = []
edited: list[Callable[[Edit], None]] = []
image_fields: dict[str, Callable[[Sequence[Image]], Mapping[UUID, Any]]] = {}
project_counts: list[Callable[[Sequence[Project]], Mapping[UUID, Mapping[str, int]]]] = []


def tell_image_added(image: Image, actor: User | None) -> None:
    """Tell the apps above that a picture came in."""
    for told in image_added:
        told(image, actor)


def tell_bundle_changing(project: Project, bundle: str) -> None:
    """Tell the apps above that `project` is about to be drawn in by another bundle."""
    for told in bundle_changing:
        told(project, bundle)


def tell_edited(edit: Edit) -> None:
    """Tell the apps above of a direct change."""
    for told in edited:
        told(edit)
