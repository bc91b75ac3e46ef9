"""A worker's progress reaches open browsers through the database."""

from __future__ import annotations

import pytest

from samweb.core import clock, runs, watch
from samweb.core.queue import enqueue
from tests import cast

pytestmark = pytest.mark.django_db


def test_what_a_worker_did_is_told_once(orchard: cast.Project) -> None:
    since = clock.now()

    def news() -> list[tuple[str, int]]:
        found = watch.news([orchard.id], since)
        return [(told["state"], told["progress"].get("done", 0)) for _project, told in found]

    run = enqueue("quick", payload={}, dedupe_key="k", project=orchard.id)
    assert news() == []  # web has told of that itself
    active = runs.claim(run.id, "w")
    assert active is not None
    assert news() == [("running", 0)]
    assert news() == []
    active.progress(10, 10)
    assert news() == [("running", 10)]
    runs.finish(active)
    assert news() == [("done", 10)]
    assert news() == []


def test_other_projects_hear_nothing(orchard: cast.Project, ada: cast.User) -> None:
    other = cast.project("Other", owner=ada, labels=[])
    run = enqueue("quick", payload={}, dedupe_key="k", project=other.id)
    runs.claim(run.id, "w")
    assert watch.news([orchard.id], clock.now()) == []
