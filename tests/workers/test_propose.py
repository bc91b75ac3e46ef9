"""From an image to its proposals with the model that ships: killed, cancelled, done twice."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from samweb.annotations.models import Job, JobImage
from samweb.core import runs
from samweb.core.files import store
from samweb.core.models import Run
from samweb.embeddings import proposal_format, proposals
from samweb.embeddings.models import Bundle, Embedding, ProposalSet
from samweb.masks import rle
from tests import cast
from tests.workers.rig import rig
from workers import dispatch, encoder, proposing, start
from workers.sam.automatic import Settings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]


@pytest.fixture(autouse=True)
def few_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coarse grid: what is tried here does not depend on how many masks there are."""
    few = Settings(points_per_side=4, pred_iou_thresh=0.2, stability_score_thresh=0.2)
    monkeypatch.setattr(proposing, "settings_for", lambda bundle: few)


@pytest.fixture
def bundle() -> Iterator[Bundle]:
    (made, *_) = start.bundles_offer()
    yield made
    encoder.release_if_idle(0)


def photograph(project: cast.Project, name: str, shade: int = 200) -> cast.Image:
    """A bright square on dark ground, with its bytes in the store."""
    pixels = np.full((90, 120, 3), 30, np.uint8)
    pixels[20:70, 40:90] = (shade, 80, 40)
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "PNG")
    made = cast.image(project, name, width=120, height=90)
    made.original_sha256 = store().put("originals", buffer.getvalue()).sha256
    made.save()
    return made


def asked(image: cast.Image) -> Run:
    run = proposals.request_image(image)
    assert run is not None
    return run


def test_a_square_is_proposed_and_its_embedding_kept_along_the_way(
    bundle: Bundle, orchard: cast.Project
) -> None:
    image = photograph(orchard, "square.png")
    run = asked(image)
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert run.state == "done", run.error
    kept = ProposalSet.objects.get()
    found = proposal_format.from_bytes(store().path("proposals", kept.sha256).read_bytes())
    square = np.zeros((90, 120), bool)
    square[20:70, 40:90] = True
    masks = [rle.decode(mask.counts, 90, 120) for mask in found.masks]
    assert max((mask & square).sum() / (mask | square).sum() for mask in masks) > 0.8
    assert run.result == {"key": kept.key, "count": len(masks)}
    assert proposals.record(image)["state"] == "ready"
    assert Embedding.objects.count() == 1
    assert proposals.request_image(image) is None


def test_the_same_picture_in_two_projects_is_looked_through_once(
    bundle: Bundle, orchard: cast.Project, ada: cast.User
) -> None:
    other = cast.project("Meadow", owner=ada, labels=["flower"])
    first, twin = photograph(orchard, "a.png"), photograph(other, "a.png")
    twin.pixels_sha256 = first.pixels_sha256
    twin.save()
    dispatch.execute(str(asked(first).id))
    assert proposals.record(twin)["state"] == "ready"


def test_a_project_is_walked_and_what_cannot_be_read_is_named(
    bundle: Bundle, orchard: cast.Project
) -> None:
    images = [photograph(orchard, f"{n}.png", 150 + n) for n in range(3)]
    store().path("originals", images[1].original_sha256).write_bytes(b"\x89PNG nothing")
    run = proposals.request_many(orchard)
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert run.state == "done", run.error
    assert (run.result["images"], run.result["refused"]) == (3, 1)
    assert run.result["why"][0].startswith("1.png: ")
    assert [proposals.record(image)["state"] for image in images] == ["ready", "none", "ready"]
    assert run.progress["done"] == run.progress["total"] == 3


def test_a_jobs_images_are_walked_and_no_others(bundle: Bundle, orchard: cast.Project) -> None:
    first, second = photograph(orchard, "1.png", 150), photograph(orchard, "2.png", 160)
    job = Job.objects.create(project=orchard, name="first", seq=1)
    JobImage.objects.create(project=orchard, job=job, image=second, position=1, seq=1)
    dispatch.execute(str(proposals.request_many(orchard, job=job.id).id))
    states = [proposals.record(image)["state"] for image in (first, second)]
    assert states == ["none", "ready"]


class Killed(BaseException):
    """Ends a worker where it stands: nothing above it may tidy up."""


def test_a_walk_that_is_killed_goes_on_where_it_stopped(
    bundle: Bundle, orchard: cast.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [photograph(orchard, f"{n}.png", 150 + n) for n in range(4)]
    run = proposals.request_many(orchard)
    search, searched = proposing.find_everything, []

    def dies_on_the_third(*given: object, **named: object) -> object:
        searched.append(given)
        if len(searched) == 3:
            raise Killed
        return search(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(proposing, "find_everything", dies_on_the_third)
    with pytest.raises(Killed):
        dispatch.execute(str(run.id))
    assert Run.objects.get(id=run.id).state == "running"  # nobody could say otherwise
    assert ProposalSet.objects.count() == 2
    Run.objects.filter(id=run.id).update(lease_until=None)  # its lease has run out
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("done", 2)
    assert len(searched) == 5  # two before, the one in hand again, and the last
    assert all(proposals.record(image)["state"] == "ready" for image in images)


def test_a_walk_that_is_cancelled_ends_between_two_clicks_and_keeps_what_it_made(
    bundle: Bundle, orchard: cast.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        photograph(orchard, f"{n}.png", 150 + n)
    monkeypatch.setattr(runs, "CHECK_SECONDS", 0.0)
    run = proposals.request_many(orchard)
    search = proposing.find_everything
    given: list[object] = []

    def cancelled_on_the_second(*arguments: object, **named: object) -> object:
        given.append(arguments)
        if len(given) == 2:
            runs.cancel(Run.objects.get(id=run.id))
        return search(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(proposing, "find_everything", cancelled_on_the_second)
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert ProposalSet.objects.count() == 1 and len(given) == 2


def test_a_deleted_image_is_refused(bundle: Bundle, orchard: cast.Project) -> None:
    from samweb.core import clock

    image = photograph(orchard, "gone.png")
    run = asked(image)
    image.deleted_at = clock.now()
    image.save()
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "The image was deleted.")


def test_what_is_kept_says_how_it_was_looked_for(bundle: Bundle, orchard: cast.Project) -> None:
    dispatch.execute(str(asked(photograph(orchard, "square.png")).id))
    kept = ProposalSet.objects.get()
    document = json.loads(Path(store().path("proposals", kept.sha256)).read_text())
    assert document["parameters"]["points_per_side"] == 4
    assert document["bundle"] == bundle.id


@pytest.mark.parametrize("keeping", ["sqlite", "postgresql"])
def test_kill_minus_nine_of_a_real_worker_costs_the_image_in_hand_alone(
    tmp_path: Path, keeping: str
) -> None:
    with rig(tmp_path / "rig", on="embedded", keeping=keeping) as made:
        worker = made.start_worker()
        run = made.ask("propose", project=made.ask("orchard", pictures=3))
        made.until(lambda: made.ask("proposed"), "the first image", 60)
        before = made.ask("proposed")
        made.kill(worker)
        made.start_worker()
        made.all_done([run], 120)
        after = made.ask("proposed")
        assert len(after) == 3 and before.items() <= after.items()
        (row,) = made.ask("runs", ids=[run])
        assert row["attempts"] == 2 and row["result"]["images"] == 3
