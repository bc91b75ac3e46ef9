"""Writes of exports: asked for, built by a run, put away."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from samweb.accounts.models import User
from samweb.accounts.services import audit
from samweb.core import clock, runs
from samweb.core.errors import Conflict, Rejected, TooMany
from samweb.core.files import store
from samweb.core.models import Run
from samweb.core.queue import enqueue
from samweb.exports import formats, names, selectors, snapshot
from samweb.exports.archive import Archive
from samweb.exports.dataset import Dataset
from samweb.exports.models import Export
from samweb.projects.models import Label, Project
from samweb.projects.selectors import require_role

LEAST_ROLE = {"accepted": "annotator", "submitted": "annotator", "all": "manager"}
Progress = Callable[[int, int, str], None]


@transaction.atomic
def export_create(
    *, project: Project, actor: User, format: str, include: str = "accepted",
    labels: list[UUID] | None = None, images: bool = False, address: str | None = None,
) -> Export:  # fmt: skip
    """Step 10 of the flow begins: an Export row, and a run of kind `export` that builds it.

    Annotators may export what is accepted or submitted, managers everything. Raises Forbidden,
    Rejected (`unknown_format`, `unknown_label`), TooMany (`export_limit`).
    """
    if format not in formats.NAMES or include not in LEAST_ROLE:
        raise Rejected("There is no such export format or choice.", code="unknown_format")
    require_role(actor, project, LEAST_ROLE[include])
    wanted = sorted({str(label) for label in labels}) if labels else None
    if wanted is not None:
        known = Label.objects.filter(project=project, id__in=wanted).count()
        if known != len(wanted):
            raise Rejected("labels names a label this project does not have.", code="unknown_label")
    User.objects.select_for_update().get(pk=actor.pk)  # two requests at once count one another
    if selectors.running_count(actor) >= selectors.RUNNING_AT_ONCE:
        raise TooMany(
            f"You have {selectors.RUNNING_AT_ONCE} exports at work. Wait for one, or cancel it.",
            code="export_limit", retry_after=10,
        )  # fmt: skip
    options = {"include": include, "labels": wanted, "images": images}
    export = Export.objects.create(
        project=project, format=format, options=options, created_by=actor
    )
    run = enqueue(
        "export", payload={"export": str(export.pk)}, project=project.pk,
        dedupe_key=f"export:{export.pk}", lane=Run.Lane.BULK, actor=actor.pk,
    )  # fmt: skip
    export.run = run.pk
    export.save(update_fields=["run"])
    audit(
        "export.create", actor=actor, target=export, project=project.pk, address=address,
        format=format, **options,
    )  # fmt: skip
    return export


def export_build(run: runs.ActiveRun) -> dict[str, Any]:
    """Step 10 of the flow, in a worker: the run's export, built. See `archive_build`."""
    return archive_build(
        export_id=run.payload["export"], on_progress=run.progress, cancelled=run.checkpoint,
        fenced=run.fenced,
    )  # fmt: skip


def archive_build(
    *,
    export_id: UUID | str,
    on_progress: Progress = lambda done, total, message: None,
    cancelled: Callable[[], object] = lambda: False,
    fenced: Callable[[], AbstractContextManager[Any]] = transaction.atomic,
) -> dict[str, Any]:
    """Snapshot -> archive -> read back -> store -> row.

    `cancelled` is called after every image: it raises, or says true, when the work must end.
    `fenced` is the transaction in which the row is written. Building twice gives the same bytes
    while the project stays the same. Raises Refused when what was read back is not what is
    stored, and then keeps no file.
    """
    export = Export.objects.select_related("project").filter(pk=export_id).first()
    if export is None or export.deleted_at or export.project.deleted_at:
        raise runs.Refused("The export or its project has been deleted.")
    blobs = store()
    blobs.temporary.mkdir(parents=True, exist_ok=True)
    prefix = f"export-{export.pk}-"
    for litter in blobs.temporary.glob(f"{prefix}*"):  # of an attempt that was killed
        shutil.rmtree(litter, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=blobs.temporary, prefix=prefix) as folder:
        on_progress(0, 0, "Reading the project")
        dataset = _snapshot(export, Path(folder) / "spool")
        path = Path(folder) / "archive.zip"
        report = _write_and_check(export, dataset, path, on_progress, cancelled)
        blob = blobs.adopt("exports", path)
    with fenced():
        done = Export.objects.filter(pk=export.pk, deleted_at__isnull=True).update(
            snapshot_seq=dataset.header.seq, sha256=blob.sha256, bytes=blob.bytes, report=report,
            file_name=names.archive_name(export.project.name, export.format, dataset.header.seq),
        )  # fmt: skip
    if not done:
        _remove_unused(blob.sha256)
        raise runs.Refused("The export was deleted while it was being made.")
    return {"export": str(export.pk), "sha256": blob.sha256, "bytes": blob.bytes}


def _snapshot(export: Export, spool: Path) -> Dataset:
    try:
        return snapshot.take(
            project=export.project_id, include=export.options["include"],
            labels=export.options.get("labels"), with_images=bool(export.options.get("images")),
            spool=spool,
        )  # fmt: skip
    except Project.DoesNotExist:
        raise runs.Refused("The project has been deleted.") from None
    except snapshot.Miscounted as error:
        raise runs.Refused(f"Reading the project failed: {error}.") from error


def _write_and_check(
    export: Export, dataset: Dataset, path: Path, on_progress: Progress,
    cancelled: Callable[[], object],
) -> dict[str, Any]:  # fmt: skip
    """Write the archive, then read it back; returns the report."""
    form = formats.by_name(export.format)
    steps = dataset.header.pictures
    total, done = steps * form.PASSES, 0

    def tick() -> None:
        nonlocal done
        done += 1
        if cancelled() is True:
            raise runs.Cancelled
        on_progress(min(done, total), total, f"Image {done % steps or steps} of {steps}")

    try:
        with Archive(path) as archive:
            form.write(dataset, archive, tick)
            if dataset.header.with_images:
                _write_images(dataset, archive)
        with zipfile.ZipFile(path) as written:
            report = form.check(dataset, written, tick)
    except formats.Mismatch as error:
        raise runs.Refused(f"Reading the export back failed: {error}") from error
    return {"left_out": dataset.header.left_out, "read_back": True, **report}


def _write_images(dataset: Dataset, archive: Archive) -> None:
    """The display files: upright, and without the metadata of what was uploaded."""
    blobs = store()
    for picture in dataset.pictures():
        if not blobs.exists("display", picture.display_sha256):
            raise runs.Refused(f"The file of the picture {picture.name} is missing.")
        with (
            blobs.open("display", picture.display_sha256) as source,
            archive.member(f"images/{picture.file_name}", packed=True) as target,
        ):
            while chunk := source.read(1 << 20):
                target.write(chunk)


@transaction.atomic
def export_delete(*, export: Export, actor: User, address: str | None = None) -> None:
    """Put an export away, end its run and remove its file. Its author may, and managers."""
    if export.created_by_id != actor.pk:
        require_role(actor, export.project, "manager")
    run = Run.objects.filter(pk=export.run, state__in=Run.ACTIVE).first() if export.run else None
    if run is not None:
        with suppress(Conflict):  # it ended a moment ago
            runs.cancel(run)
    export.deleted_at = clock.now()
    export.save(update_fields=["deleted_at"])
    audit("export.delete", actor=actor, target=export, project=export.project_id, address=address)
    if export.sha256:
        transaction.on_commit(lambda: _remove_unused(export.sha256))


def _remove_unused(sha256: str) -> None:
    """Equal exports share a file: it goes with the last of them."""
    if not selectors.blob_in_use(sha256):
        store().remove("exports", sha256)
