"""The web's side of the queue as a process of its own: reads a JSON request per line, answers one.

Started by `tests.workers.rig`, so that a suite's database and broker are those of no other test.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "samweb.config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from samweb.core import runs  # noqa: E402
from samweb.core.models import Run, WorkerPresence  # noqa: E402
from samweb.core.queue import enqueue  # noqa: E402
from samweb.embeddings import proposals  # noqa: E402
from samweb.embeddings.models import ProposalSet  # noqa: E402
from samweb.projects.models import Project  # noqa: E402


def do_enqueue(kind: str, count: int = 1, lane: str = "bulk", **payload: Any) -> list[str]:
    with transaction.atomic():
        made = [
            enqueue(kind, payload={**payload, "number": n}, lane=lane, dedupe_key=f"{kind}:{n}")
            for n in range(count)
        ]
    return [str(run.id) for run in made]


def do_enqueue_at_once(kind: str, key: str, threads: int, gate: str) -> list[str]:
    """The same work asked for by many threads at the same moment."""

    def one(_: int) -> str:
        try:
            return str(enqueue(kind, payload={"gate": gate}, dedupe_key=key).id)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def do_runs(ids: list[str]) -> list[dict[str, Any]]:
    fields = ("id", "state", "attempts", "error", "worker", "progress", "result")
    rows = {str(row["id"]): row for row in Run.objects.filter(id__in=ids).values(*fields)}
    return [{**rows[id], "id": id} for id in ids]


def do_cancel(id: str) -> str:
    return runs.cancel(Run.objects.get(id=id)).state


def do_retry(id: str) -> str:
    return runs.retry(Run.objects.get(id=id)).state


def do_writable() -> bool:
    """Whether no process holds SQLite's write lock, in the app's file or the queue's."""
    paths = [settings.SAMWEB.data_dir / "queue.db"]
    if connection.vendor == "sqlite":
        paths.append(connection.settings_dict["NAME"])
    for path in paths:
        probe = sqlite3.connect(path, timeout=0.2, isolation_level=None)
        try:
            probe.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        finally:
            probe.close()
    return True


def do_orchard(pictures: int) -> str:
    """A project with so many small pictures; its id."""
    from tests import cast
    from tests.workers.test_propose import photograph

    made = cast.project("Orchard", owner=cast.person("ada"), labels=["apple"])
    for number in range(pictures):
        photograph(made, f"{number}.png", 150 + number)
    return str(made.id)


def do_propose(project: str) -> str:
    return str(proposals.request_many(Project.objects.get(id=project)).id)


def do_proposed() -> dict[str, str]:
    """When each set of proposals was made, by its key."""
    rows = ProposalSet.objects.values_list("key", "created")
    return {key: made.isoformat() for key, made in rows}


def do_workers() -> list[str]:
    return list(WorkerPresence.objects.values_list("name", flat=True))


def main() -> None:
    call_command("migrate", verbosity=0)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = globals()[f"do_{request.pop('do')}"](**request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
