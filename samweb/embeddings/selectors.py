"""Reads about bundles and embeddings: where each image stands, in a fixed number of queries."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import QuerySet

from samweb.accounts.models import User
from samweb.accounts.selectors import manages_something
from samweb.core.errors import NotFound
from samweb.core.models import Run
from samweb.embeddings.models import Bundle, Embedding
from samweb.projects import selectors as projects
from samweb.projects.models import Image, Project
from samweb.tensors import stored_bytes

FULL = "full"
SHIPPED = "samweb-small"  # the bundle that every installation has
_RUN_STATES = {Run.State.QUEUED: "queued", Run.State.RUNNING: "running"}


class EmbeddingState(TypedDict):
    """Where one image's embedding stands; `bundle` and `key` are null before any worker ran."""

    state: str  # ready | queued | running | failed
    key: str | None
    url: str | None
    bundle: str | None
    error: str | None


def is_hash(text: str) -> bool:
    """Whether a text can be one of our names at all: 64 hexadecimal digits."""
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def embedding_key(pixels_sha256: str, bundle: str, view: str, dtype: str) -> str:
    """The public name of an embedding: SHA-256 (hex) of what determines its bytes."""
    return hashlib.sha256("\n".join((pixels_sha256, bundle, view, dtype)).encode()).hexdigest()


def dedupe_key(key: str) -> str:
    """The key under which one run at a time makes this embedding."""
    return f"embed:{key}"


def dtype_of(manifest: dict[str, Any]) -> str:
    """The number type of a bundle's stored tensors."""
    return str(manifest["tensors"][0]["dtype"])


def tensor_layout(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Where each tensor lies in the served bytes: name, shape, dtype, offset, bytes (the scales of
    int8 included; see samweb/tensors.py)."""
    layout, offset = [], 0
    for tensor in manifest["tensors"]:
        size = stored_bytes(tensor["shape"], tensor["dtype"])
        layout.append(
            {
                "name": tensor["name"], "shape": list(tensor["shape"]), "dtype": tensor["dtype"],
                "offset": offset, "bytes": size,
            }
        )  # fmt: skip
        offset += size
    return layout


def bundle_files(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The files that a manifest names: its graphs by their names, and `weights` if it has any."""
    named = {**manifest["graphs"], "weights": manifest.get("weights")}
    return {name: entry for name, entry in named.items() if entry}


def bundle_default(among: Iterable[Bundle]) -> Bundle | None:
    """The bundle of projects that name none, of those here, newest first: the newest that ships,
    so that an import re-embeds nothing. Where none ships, the newest of all."""
    found = list(among)
    return next((bundle for bundle in found if bundle.name == SHIPPED), next(iter(found), None))


def bundle_of(project: Project) -> Bundle | None:
    """The bundle that draws in a project; None before any worker has registered one."""
    named = Bundle.objects.filter(id=project.bundle).first() if project.bundle else None
    return named or bundle_default(bundles())


def projects_naming(bundle: Bundle) -> list[Project]:
    """The projects that have chosen this bundle."""
    chosen = Project.objects.filter(bundle=bundle.id, deleted_at__isnull=True)
    return list(chosen.order_by("name", "id"))


def bundles() -> list[Bundle]:
    """All bundles, newest first."""
    return list(Bundle.objects.order_by("-registered", "id"))


def bundles_for(user: User) -> list[Bundle]:
    """The bundles a person is told of: all for those who choose one, else those that draw in
    their projects."""
    found = bundles()
    if user.is_superuser or user.can_create_projects or manages_something(user):
        return found
    named = set(projects.project_scope(user).values_list("bundle", flat=True))
    default = bundle_default(found)
    return [bundle for bundle in found if bundle.id in named or bundle == default]


def bundle_get(id: str) -> Bundle:
    """One bundle. Raises NotFound."""
    found = Bundle.objects.filter(id=id).first() if is_hash(id) else None
    if found is None:
        raise NotFound("There is no such bundle here.")
    return found


def bundle_file(bundle: Bundle, name: str) -> dict[str, Any]:
    """The manifest's entry of one of a bundle's files. Raises NotFound."""
    for graph in (bundle.manifest.get("graphs") or {}).values():
        if graph and graph["file"] == name:
            return dict(graph)
    raise NotFound("This bundle has no such file.")


def _bundles_by_project(images: Iterable[Image]) -> dict[UUID, Bundle]:
    wanted = {image.project_id for image in images}
    named = dict(Project.objects.filter(id__in=wanted).values_list("id", "bundle"))
    found = {bundle.id: bundle for bundle in bundles()}
    default = bundle_default(found.values())
    chosen = {project: found.get(name) or default for project, name in named.items()}
    return {project: bundle for project, bundle in chosen.items() if bundle is not None}


def embedding_keys(images: Sequence[Image], view: str = FULL) -> dict[UUID, tuple[str, Bundle]]:
    """The embedding's key and bundle of each image whose project has a bundle."""
    chosen = _bundles_by_project(images)
    return {
        image.id: (
            embedding_key(image.pixels_sha256, bundle.id, view, dtype_of(bundle.manifest)),
            bundle,
        )
        for image in images
        if (bundle := chosen.get(image.project_id)) is not None
    }


def embedding_states(images: Sequence[Image], view: str = FULL) -> dict[UUID, EmbeddingState]:
    """Where the embeddings of these images stand, by image id. Four queries for any number."""
    keys = embedding_keys(images, view)
    names = {key for key, _bundle in keys.values()}
    ready = set(Embedding.objects.filter(key__in=names).values_list("key", flat=True))
    pending = [dedupe_key(key) for key in names - ready]
    runs = {  # the newest run of a key comes last and stays
        run.dedupe_key: run
        for run in Run.objects.filter(dedupe_key__in=pending)
        .only("dedupe_key", "state", "error")
        .order_by("created")
    }
    states: dict[UUID, EmbeddingState] = {}
    for image in images:
        key, bundle = keys.get(image.id, (None, None))
        run = runs.get(dedupe_key(key)) if key else None
        states[image.id] = _state(key, bundle.id if bundle else None, key in ready, run)
    return states


def _state(key: str | None, bundle: str | None, ready: bool, run: Run | None) -> EmbeddingState:
    found = EmbeddingState(
        state="queued", key=key, url=f"/api/v1/embeddings/{key}" if key else None,
        bundle=bundle, error=None,
    )  # fmt: skip
    if ready:
        found["state"] = "ready"
    elif run is not None and run.state in Run.ACTIVE:
        found["state"] = _RUN_STATES[Run.State(run.state)]
    elif run is not None and run.state != Run.State.DONE:
        found["state"] = "failed"
        found["error"] = run.error or "Cancelled."
    return found


def embedding_record(image: Image) -> dict[str, Any]:
    """The full form of one image's embedding, with the layout of its bytes."""
    state = embedding_states([image])[image.id]
    bundle = Bundle.objects.filter(id=state["bundle"]).first() if state["bundle"] else None
    tensors = tensor_layout(bundle.manifest) if bundle else []
    return {**state, "view": FULL, "tensors": tensors}


def embedding_visible(user: User, key: str) -> Embedding:
    """An embedding that the user may fetch: they see an image with its pixels. Or NotFound."""
    found = Embedding.objects.filter(key=key).first() if is_hash(key) else None
    if found is None:
        raise NotFound("There is no such embedding here.")
    if not projects.image_scope(user).filter(pixels_sha256=found.pixels_sha256).exists():
        raise NotFound("There is no such embedding here.")
    return found


def run_scope(user: User) -> QuerySet[Run]:
    """The runs of the projects a person belongs to; the instance admin answers for all."""
    if user.is_superuser:
        return Run.objects.all()
    return Run.objects.filter(project__in=projects.project_scope(user).values("id"))


def run_get(user: User, id: UUID) -> Run:
    """One run. Raises NotFound."""
    found = run_scope(user).filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such run here.")
    return found


def runs_of(project: UUID, *, active: bool = False, kind: str = "") -> QuerySet[Run]:
    """A project's runs."""
    rows = Run.objects.filter(project=project)
    if active:
        rows = rows.filter(state__in=Run.ACTIVE)
    return rows.filter(kind=kind) if kind else rows
