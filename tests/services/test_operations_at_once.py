"""Writers at the same moment: nothing is lost, nothing is done twice, seq has no gaps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from threading import Barrier
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from samweb.annotations.models import Annotation, Operation
from samweb.annotations.services.operations import operations_apply
from samweb.projects.models import Project
from tests import cast
from tests.editing import creation, operation

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 4


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls in threads that start together; in-memory SQLite has one connection only."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        return [call() for call in calls]
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def apply(user: cast.User, project: Project, *operations: Any) -> list[dict[str, Any]]:
    return operations_apply(user=user, project=project, device="t", operations=list(operations))[0]


def test_the_same_batch_sent_many_times_at_once_is_applied_once(orchard, picture, ben):
    batch = [creation(picture) for _ in range(3)]
    answers = at_once(*[lambda: apply(ben, orchard, *batch)] * WRITERS)
    statuses = sorted(result["status"] for answer in answers for result in answer)
    assert statuses == ["applied"] * 3 + ["duplicate"] * 3 * (WRITERS - 1)
    assert Annotation.objects.count() == Operation.objects.count() == 3


def test_many_writers_on_one_object_one_wins_and_the_others_hear_of_it(orchard, picture, ben):
    op = creation(picture)
    apply(ben, orchard, op)
    calls = [
        lambda n=n: apply(
            ben, orchard, operation("annotation.update", op["target"], 1, order_key=str(n))
        )
        for n in range(WRITERS)
    ]
    results = [answer[0] for answer in at_once(*calls)]
    won = [result for result in results if result["status"] == "applied"]
    lost = [result for result in results if result["status"] == "conflict"]
    assert (len(won), len(lost)) == (1, WRITERS - 1)
    row = Annotation.objects.get()
    assert {result["record"]["order_key"] for result in lost} == {row.order_key}
    assert row.version == 2


def test_writers_on_different_objects_never_conflict_and_seq_has_no_gap(orchard, picture, ben):
    batches = [[creation(picture) for _ in range(5)] for _ in range(WRITERS)]
    answers = at_once(*[lambda batch=batch: apply(ben, orchard, *batch) for batch in batches])
    assert {result["status"] for answer in answers for result in answer} == {"applied"}
    seqs = sorted(Operation.objects.values_list("seq", flat=True))
    assert seqs == list(range(1, 5 * WRITERS + 1))
    assert Project.objects.get(id=orchard.id).seq == seqs[-1]


def test_the_command_proves_the_journal_and_names_what_differs(orchard, picture, ben):
    op = creation(picture)
    apply(ben, orchard, op)
    out = StringIO()
    call_command("verify_journal", "Orchard", stdout=out)
    assert "rows equal the replay, seq 1" in out.getvalue()
    Annotation.objects.update(version=7)
    errors = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_journal", stdout=out, stderr=errors)
    assert f"annotation {op['target']}: version is 7, replay says 1" in errors.getvalue()
    with pytest.raises(CommandError):
        call_command("verify_journal", "Nowhere")
