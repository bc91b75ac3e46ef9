"""What the instance admin sees of models, workers, queues and disk. Reads only."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Sum

from samweb.accounts.models import User
from samweb.core import clock
from samweb.core.models import Run, WorkerPresence
from samweb.core.presentation import run_json
from samweb.embeddings import selectors
from samweb.embeddings.models import Bundle, Embedding
from samweb.projects import selectors as projects
from samweb.projects.models import Image, Project, Role

ALIVE = timedelta(seconds=60)
MOST_RUNS = 50
MOST_PROJECTS = 200


def instance() -> dict[str, Any]:
    """Everything on the page "Models and workers"; the number of queries grows with the bundles."""
    rows = list(Project.objects.filter(deleted_at__isnull=True).order_by("name", "id"))
    bundles = selectors.bundles()
    return {
        "workers": _workers(),
        "lanes": [_lane(lane) for lane in Run.Lane.values],
        "runs": dict(Run.objects.order_by().values_list("state").annotate(n=Count("id"))),
        "bundles": _bundles(bundles, rows),
        "projects": _projects(bundles, rows[:MOST_PROJECTS]),
        "disk": _disk(),
        "runs_failed": _failed({project.id: project.name for project in rows}),
    }


def project_to_embed(user: User, id: UUID) -> Project:
    """A project whose embeddings a person may ask for: its managers and the instance admin."""
    if user.is_superuser:
        found = Project.objects.filter(pk=id, deleted_at__isnull=True).first()
        if found is not None:
            return found
    return projects.project_get(user, id, Role.MANAGER)


def _workers() -> list[dict[str, Any]]:
    now = clock.now()
    return [
        {
            "name": worker.name,
            "device": str(worker.info.get("device", "")),
            "bundles": [str(name) for name in worker.info.get("bundles", [])],
            "started": worker.started.isoformat(),
            "seen": worker.seen.isoformat(),
            "alive": now - worker.seen < ALIVE,
        }
        for worker in WorkerPresence.objects.order_by("-seen", "name")
    ]


def _lane(lane: str) -> dict[str, Any]:
    active = Run.objects.filter(lane=lane, state__in=Run.ACTIVE).order_by()
    counts = dict(active.values_list("state").annotate(n=Count("id")))
    queued = active.filter(state=Run.State.QUEUED)
    oldest = queued.aggregate(at=Min("created"))["at"]
    return {
        "lane": lane,
        "queued": counts.get(Run.State.QUEUED, 0),
        "running": counts.get(Run.State.RUNNING, 0),
        "oldest_queued": oldest.isoformat() if oldest else None,
    }


def _bundles(bundles: list[Bundle], rows: list[Project]) -> list[dict[str, Any]]:
    stored = {
        row["bundle"]: row
        for row in Embedding.objects.order_by()
        .values("bundle")
        .annotate(n=Count("key"), size=Sum("bytes"))
    }
    default = selectors.bundle_default(bundles)
    found = []
    for bundle in bundles:
        held = stored.get(bundle.id, {"n": 0, "size": 0})
        files = selectors.bundle_files(bundle.manifest).values()
        layout = selectors.tensor_layout(bundle.manifest)
        found.append(
            {
                "id": bundle.id,
                "name": bundle.name,
                "version": str(bundle.manifest.get("version", "")),
                "licence": str(bundle.manifest.get("licence", "")),
                "default": bundle == default,
                "bytes": sum(int(file["bytes"]) for file in files),
                "embedding_bytes": sum(tensor["bytes"] for tensor in layout),
                "seen": bundle.seen.isoformat(),
                "projects": [p.name for p in rows if _drawing(p, bundles, default) == bundle],
                "embeddings": held["n"],
                "disk": held["size"] or 0,
            }
        )
    return found


def _drawing(project: Project, bundles: list[Bundle], default: Bundle | None) -> Bundle | None:
    """The bundle that draws in a project, of those already read."""
    return next((bundle for bundle in bundles if bundle.id == project.bundle), default)


def _projects(bundles: list[Bundle], rows: list[Project]) -> list[dict[str, Any]]:
    default = selectors.bundle_default(bundles)
    drawing = {project.id: _drawing(project, bundles, default) for project in rows}
    images = Image.objects.filter(project__in=rows, deleted_at__isnull=True).order_by()
    totals = dict(images.values_list("project").annotate(n=Count("id")))
    ready: dict[UUID, int] = {}
    for bundle in {bundle for bundle in drawing.values() if bundle is not None}:
        mine = [id for id, chosen in drawing.items() if chosen == bundle]
        made = Embedding.objects.filter(
            bundle=bundle, pixels_sha256=OuterRef("pixels_sha256"), view=selectors.FULL
        )
        there = images.filter(Exists(made), project__in=mine)
        ready |= dict(there.values_list("project").annotate(n=Count("id")))
    return [
        {
            "id": str(project.id),
            "name": project.name,
            "bundle": chosen.name if (chosen := drawing[project.id]) else None,
            "images": totals.get(project.id, 0),
            "ready": ready.get(project.id, 0),
        }
        for project in rows
    ]


def _disk() -> dict[str, int]:
    """Bytes. What two rows name is on disk once and counted once."""
    once = Image.objects.order_by().values("original_sha256").annotate(size=Max("bytes"))
    return {
        "embeddings": Embedding.objects.aggregate(size=Sum("bytes"))["size"] or 0,
        "originals": once.aggregate(all=Sum("size"))["all"] or 0,
        "free": shutil.disk_usage(settings.SAMWEB.data_dir).free,
    }


def _failed(names: dict[UUID, str]) -> list[dict[str, Any]]:
    ended = Run.objects.filter(state__in=[Run.State.DEAD, Run.State.FAILED])
    return [
        {**run_json(run), "project_name": names.get(run.project) if run.project else None}
        for run in ended.order_by("-finished", "-id")[:MOST_RUNS]
    ]
