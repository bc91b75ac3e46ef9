"""Writes about bundles and embeddings: bytes first, row after."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction

from samweb import tensors as tensor_codec
from samweb.accounts.models import User
from samweb.core import clock
from samweb.core.errors import Conflict, Unprocessable
from samweb.core.files import store
from samweb.core.models import Run
from samweb.core.queue import enqueue
from samweb.embeddings import selectors
from samweb.embeddings.models import Bundle, Embedding, ProposalSet
from samweb.projects.models import Image, Project

log = logging.getLogger(__name__)

GRAPHS = ("encoder", "prepare", "decode", "decode_with_mask", "refine")
REQUIRED_GRAPHS = ("encoder", "decode")  # and "decode_with_mask" of what takes an earlier mask
MOST_TENSORS = 16


class BadBundle(ValueError):
    """A bundle that cannot be registered; the message says what is wrong with it."""


class BadTensors(ValueError):
    """An encoder's output that is not what its manifest says, or not finite."""


def bundle_id(manifest: dict[str, Any]) -> str:
    """The name of a bundle: SHA-256 (hex) of its manifest in canonical JSON."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def manifest_check(manifest: dict[str, Any]) -> None:
    """Raise BadBundle unless the manifest has tensors and graphs of the right form."""
    tensors = manifest.get("tensors")
    if not isinstance(tensors, list) or not 1 <= len(tensors) <= MOST_TENSORS:
        raise BadBundle("tensors must be a list of at least one tensor")
    for tensor in tensors:
        if tensor.get("dtype") not in tensor_codec.BYTES_PER_NUMBER:
            raise BadBundle(f"tensor {tensor.get('name')!r} has an unknown dtype")
        shape = tensor.get("shape")
        if not shape or not all(isinstance(n, int) and 0 < n <= 65536 for n in shape):
            raise BadBundle(f"tensor {tensor.get('name')!r} needs a shape of whole numbers")
        if tensor["dtype"] == "int8" and len(shape) < 2:
            raise BadBundle(f"tensor {tensor.get('name')!r} has no channels to scale")
    graphs = manifest.get("graphs")
    if not isinstance(graphs, dict):
        raise BadBundle("graphs are missing")
    masks = "mask_input" in manifest.get("prompt_kinds", ["mask_input"])
    for name in (*REQUIRED_GRAPHS, *(["decode_with_mask"] if masks else [])):
        if not graphs.get(name):
            raise BadBundle(f"the graph {name!r} is missing")
    for name, entry in selectors.bundle_files(manifest).items():
        file = entry.get("file", "")
        if not file or "/" in file or "\\" in file or file.startswith("."):
            raise BadBundle(f"{name!r} names the file {file!r}")


def bundle_register(manifest: dict[str, Any], folder: Path) -> Bundle:
    """Offer a bundle: its files into the store by hash, then its row. Idempotent.

    `folder` holds the files that the manifest names. Raises BadBundle when a file is missing or
    is not the one that the manifest means.
    """
    manifest_check(manifest)
    id, files = bundle_id(manifest), store()
    for name, entry in selectors.bundle_files(manifest).items():
        if files.exists("bundles", entry["sha256"]):
            continue
        path = folder / entry["file"]
        if not path.is_file():
            raise BadBundle(f"the file {entry['file']!r} of {name!r} is missing")
        with path.open("rb") as file:  # before it is stored: large ones have a gigabyte
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != entry["sha256"] or path.stat().st_size != entry["bytes"]:
            raise BadBundle(f"the file {entry['file']!r} is not the one the manifest names")
        files.put("bundles", _pieces(path))
    known = Bundle.objects.filter(id=id).update(seen=clock.now())
    if not known:
        name = str(manifest.get("name") or "bundle")[:120]
        Bundle.objects.bulk_create(
            [Bundle(id=id, name=name, manifest=manifest)], ignore_conflicts=True
        )
    return Bundle.objects.get(id=id)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def bundle_remove(bundle: Bundle) -> int:
    """Forget a bundle, with its embeddings and proposals; returns how many bytes were freed.

    Raises Conflict while a project names it. Rows first, files after: a file too many is harmless.
    """
    with transaction.atomic():
        using = selectors.projects_naming(bundle)
        if using:
            names = ", ".join(project.name for project in using)
            raise Conflict(f"{bundle.name} draws in: {names}.", code="bundle_in_use")
        held = set(bundle.embeddings.values_list("sha256", flat=True))
        masks = set(bundle.proposal_sets.values_list("sha256", flat=True))
        graphs = _digests(bundle)
        bundle.delete()
        held -= set(Embedding.objects.filter(sha256__in=held).values_list("sha256", flat=True))
        masks -= set(ProposalSet.objects.filter(sha256__in=masks).values_list("sha256", flat=True))
        for other in Bundle.objects.all():
            graphs -= _digests(other)
    freed, files = 0, store()
    for kind, digests in (("embeddings", held), ("proposals", masks), ("bundles", graphs)):
        for digest in digests:
            path = files.path(kind, digest)
            freed += path.stat().st_size if path.is_file() else 0
            files.remove(kind, digest)
    return freed


def _digests(bundle: Bundle) -> set[str]:
    return {str(entry["sha256"]) for entry in selectors.bundle_files(bundle.manifest).values()}


def embedding_request(
    image: Image, *, lane: str = Run.Lane.BULK, actor: UUID | None = None
) -> Run | None:
    """See to it that an image's embedding is made. None when it is there, or when no bundle is
    registered yet (the first worker to start asks for all that are missing)."""
    found = selectors.embedding_keys([image]).get(image.id)
    if found is None:
        return None
    key, bundle = found
    if _present([key]):
        return None
    return _enqueue(image, key, bundle, lane, actor)


def _enqueue(image: Image, key: str, bundle: Bundle, lane: str, actor: UUID | None) -> Run:
    return enqueue(
        "embed",
        payload={
            "key": key, "pixels_sha256": image.pixels_sha256, "image": str(image.id),
            "bundle": bundle.id, "view": selectors.FULL,
        },
        project=image.project_id,
        dedupe_key=selectors.dedupe_key(key),
        lane=lane,
        actor=actor,
    )  # fmt: skip


def _present(keys: Sequence[str]) -> set[str]:
    """Which of these embeddings are there, bytes and all. Rows without bytes are dropped: after
    a restore there are only rows, because embeddings are never backed up."""
    files = store()
    rows = dict(Embedding.objects.filter(key__in=keys).values_list("key", "sha256"))
    gone = [key for key, sha256 in rows.items() if not files.exists("embeddings", sha256)]
    if gone:
        Embedding.objects.filter(key__in=gone).delete()
    return set(rows) - set(gone)


def embedding_request_missing(images: Sequence[Image], *, failed: bool = False) -> int:
    """Ask for those of these embeddings that are neither there, on their way, nor refused; with
    `failed` also for those that were tried in vain."""
    keys = selectors.embedding_keys(images)
    names = [key for key, _bundle in keys.values()]
    known = _present(names)
    runs = Run.objects.filter(dedupe_key__in=[selectors.dedupe_key(key) for key in names])
    runs = runs.filter(state__in=Run.ACTIVE) if failed else runs.exclude(state=Run.State.DONE)
    tried = set(runs.values_list("dedupe_key", flat=True))
    count = 0
    with transaction.atomic():
        for image in images:
            key, bundle = keys.get(image.id, (None, None))
            if not key or not bundle or key in known or selectors.dedupe_key(key) in tried:
                continue
            known.add(key)
            _enqueue(image, key, bundle, Run.Lane.BULK, None)
            count += 1
    return count


def embedding_request_all(
    project: Project | None = None, *, failed: bool = False, actor: UUID | None = None
) -> Run:
    """Ask for every embedding that is missing, in one project or in all, with `failed` also for
    those that were tried in vain; done by a run, since there may be a million images."""
    which = str(project.id) if project else "all"
    return enqueue(
        "embed_missing",
        payload={"project": str(project.id) if project else None, "failed": failed},
        project=project.id if project else None,
        dedupe_key=f"embed_missing:{which}{':failed' if failed else ''}",
        actor=actor,
    )


def project_bundle_change(project: Project, bundle: str) -> None:
    """Another bundle is to draw in a project ("" means the newest): re-embed its images.

    Called inside the transaction that changes the project. Old masks keep their bundle. Raises
    Unprocessable when no worker has offered this bundle.
    """
    if bundle and not Bundle.objects.filter(id=bundle).exists():
        raise Unprocessable("No worker has offered this bundle.", code="unknown_bundle")
    embedding_request_all(project)


def tensors_to_bytes(manifest: dict[str, Any], tensors: Mapping[str, np.ndarray]) -> bytes:
    """The served form: little-endian tensors one after another in manifest order, rounded to the
    manifest's number type (samweb/tensors.py).

    Raises BadTensors when one is missing, has another size, or holds NaN or infinity.
    """
    parts = []
    for expected in manifest["tensors"]:
        name, shape = expected["name"], tuple(expected["shape"])
        if name not in tensors:
            raise BadTensors(f"the encoder gave no {name!r}")
        found = np.asarray(tensors[name])
        if tuple(n for n in found.shape if n != 1) != tuple(n for n in shape if n != 1):
            raise BadTensors(f"{name!r} has the shape {found.shape}, not {shape}")
        try:
            parts.append(tensor_codec.to_bytes(found.reshape(shape), expected["dtype"]))
        except ValueError as problem:
            raise BadTensors(f"{name!r} holds {problem}") from None
    return b"".join(parts)


def embedding_store(
    *, pixels_sha256: str, bundle: Bundle, tensors: Mapping[str, np.ndarray],
    view: str = selectors.FULL,
) -> Embedding:  # fmt: skip
    """Step 4 of the flow: keep what the encoder made. Bytes first, row after; idempotent, so a
    run that is done twice stores once."""
    dtype = selectors.dtype_of(bundle.manifest)
    key = selectors.embedding_key(pixels_sha256, bundle.id, view, dtype)
    blob = store().put("embeddings", tensors_to_bytes(bundle.manifest, tensors))
    made = Embedding(
        key=key, pixels_sha256=pixels_sha256, bundle=bundle, view=view, dtype=dtype,
        sha256=blob.sha256, bytes=blob.bytes,
    )  # fmt: skip
    Embedding.objects.bulk_create([made], ignore_conflicts=True)
    return Embedding.objects.get(key=key)


def image_added(image: Image, actor: User | None) -> None:
    """A listener of `samweb.projects.events.image_added`: embed the image ahead of time."""
    embedding_request(image, actor=actor.pk if actor else None)
