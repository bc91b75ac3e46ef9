"""The tools of the editor under a real pointer: what the hand draws is what the server has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from samweb.masks import polygon, rle
from tests.e2e.desk import Desk, mask_of, steps_of
from tests.e2e.installation import Script
from tests.e2e.test_journey import human_mask, iou


def test_the_brush_makes_an_object_and_the_eraser_takes_from_it(desk: Desk) -> None:
    desk.press("b")
    desk.drag((300, 300), (500, 300))
    desk.expect_objects(1)
    radius = 12 / desk.editor.hook("editor.scale")
    (drawn,) = desk.masks()
    rows = np.flatnonzero(drawn.any(axis=1))
    columns = np.flatnonzero(drawn.any(axis=0))
    assert abs(rows[0] - (300 - radius)) <= 1.5 and abs(rows[-1] - (300 + radius)) <= 1.5
    assert abs(columns[0] - (300 - radius)) <= 1.5 and abs(columns[-1] - (500 + radius)) <= 1.5
    assert abs(drawn.sum() / (np.pi * radius**2 + 400 * radius) - 1) < 0.03

    desk.drag((400, 250), (400, 350), keys=("Alt",))
    desk.press("e")
    desk.drag((450, 250), (450, 350))
    (rest,) = desk.masks()
    assert not rest[300, 400] and not rest[300, 450] and rest[300, 425]
    assert not (rest & ~drawn).any()
    (annotation,) = desk.saved()
    assert (steps_of(annotation), annotation["label"] is not None) == (["paint"], True)

    desk.press("z")
    (undone,) = desk.masks()
    assert undone[300, 450] and not undone[300, 400]
    desk.press("z")
    desk.press("z")
    desk.expect_objects(0)
    assert desk.saved() == []


def test_a_stroke_goes_onto_the_open_prompts_mask_and_survives_its_reopening(desk: Desk) -> None:
    desk.editor.hover(575, 265)
    desk.editor.click(575, 265)
    desk.press("b")
    desk.drag((100, 500), (200, 500))
    desk.expect_objects(1)
    (annotation,) = desk.saved()
    assert steps_of(annotation) == ["decode", "paint"]
    mask = mask_of(annotation)
    assert mask[265, 575] and mask[500, 150]

    desk.press("o")
    desk.editor.until("window.samweb.editor.answered")
    desk.press("Enter")
    expect(desk.page.get_by_test_id("accept-object")).to_have_count(0)
    (again,) = desk.saved()
    assert mask_of(again)[500, 150] and mask_of(again)[265, 575]
    assert steps_of(again) == ["decode", "paint"]


def test_a_stroke_on_a_large_mask_sends_what_it_changed(desk: Desk) -> None:
    desk.press("b")
    for y in range(200, 400, 20):
        desk.drag((200, y), (600, y + 9), (640, y))
    before = desk.saved()[0]
    sent: list[int] = []
    desk.page.on(
        "request",
        lambda request: (
            sent.append(len(request.post_data or ""))
            if request.url.endswith("/operations")
            else None
        ),
    )
    for _ in range(20):
        desk.press(",")
    desk.drag((400, 300), keys=("Alt",))
    after = desk.saved()[0]
    assert after["version"] == before["version"] + 1
    operations = desk.harvest.script.get(f"/api/v1/annotations/{after['id']}/history")
    assert operations["results"][-1]["tool"] == "brush"
    assert sent and max(sent) < 1000 < len(after["mask"]["counts"])


def test_a_polygon_is_drawn_exactly_and_opened_again(desk: Desk) -> None:
    desk.press("p")
    for x, y in ((200, 200), (400, 200), (400, 300), (200, 300)):
        desk.click(x, y)
    desk.press("Enter")
    desk.expect_objects(1)
    (annotation,) = desk.saved()
    drawn = mask_of(annotation)
    (step,) = annotation["recipe"]["steps"]
    assert len(step["polygon"]) == 8
    counts = polygon.counts_of_polygon(step["polygon"], *drawn.shape)
    assert (rle.mask_of(counts, *drawn.shape) == drawn).all()
    assert abs(drawn.sum() / (200 * 100) - 1) < 0.03

    desk.press("o")
    desk.drag((400, 300), (400, 380))
    desk.drag((300, 200), (300, 150))
    desk.press("Enter")
    (again,) = desk.saved()
    assert mask_of(again)[165, 300] and mask_of(again)[350, 390]
    assert [len(step["polygon"]) for step in again["recipe"]["steps"]] == [10]
    desk.press("z")
    assert (desk.masks()[0] == drawn).all()


def test_a_polygon_begun_with_alt_is_taken_from_the_selected_object(desk: Desk) -> None:
    desk.press("p")
    for x, y in ((200, 200), (400, 200), (400, 300), (200, 300)):
        desk.click(x, y)
    desk.click(200, 200)
    desk.click(250, 220, "Alt")
    desk.click(350, 220)
    desk.click(350, 280)
    desk.click(250, 280)
    desk.press("Enter")
    (mask,) = desk.masks()
    assert not mask[250, 300] and mask[210, 300] and mask[250, 220]
    desk.press("Alt+h")
    (filled,) = desk.masks()
    assert filled[250, 300]
    (annotation,) = desk.saved()
    assert steps_of(annotation) == ["paint", "paint", "post"]
    desk.press("Alt+h")
    assert (desk.masks()[0] == mask).all()


def box_by_polygon(desk: Desk, x0: float, y0: float, x1: float, y1: float) -> None:
    desk.press("Escape")
    desk.press("p")
    for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
        desk.click(x, y)
    desk.press("Enter")


def test_objects_are_merged_cut_and_subtracted_each_in_one_undo(desk: Desk) -> None:
    box_by_polygon(desk, 200, 200, 400, 300)
    box_by_polygon(desk, 350, 250, 500, 400)
    desk.expect_objects(2)
    left, right = desk.masks()
    assert (left & right).any()

    desk.press("Shift+u")
    below, above = desk.masks()
    assert not (below & above).any() and ((below | above) == (left | right)).all()
    desk.press("z")

    desk.press("Control+a")
    desk.press("u")
    desk.expect_objects(1)
    (merged,) = desk.saved()
    assert (mask_of(merged) == (left | right)).all()
    assert steps_of(merged)[-2:] == ["combine", "paint"]
    desk.press("z")
    desk.expect_objects(2)
    assert all((a == b).all() for a, b in zip(desk.masks(), (left, right), strict=True))

    desk.press("Escape")
    desk.press("Shift+c")
    desk.drag((280, 150), (280, 350))
    desk.expect_objects(3)
    pieces = desk.masks()
    assert ((pieces[0] | pieces[2]) == left).all() and not (pieces[0] & pieces[2]).any()
    assert pieces[0][250, 340] and pieces[2][250, 220]
    desk.press("z")
    assert (desk.masks()[0] == left).all()


def test_where_pixels_belong_to_one_object_a_new_one_takes_what_is_free(
    desk: Desk, script: Script
) -> None:
    project = f"/api/v1/projects/{desk.harvest.project}"
    version = script.get(project)["version"]
    script.request("PATCH", project, {"overlap_rule": "exclusive"}, **{"If-Match": f'"{version}"'})
    desk.page.reload()
    desk.editor.wait_until_ready()
    box_by_polygon(desk, 200, 200, 400, 300)
    box_by_polygon(desk, 350, 250, 500, 400)
    first, second = desk.masks()
    assert not (first & second).any()
    assert first[275, 375] and second[275, 450]
    desk.press("Control+a")
    desk.press("u")
    desk.expect_objects(1)
    assert (desk.masks()[0] == (first | second)).all()
    desk.press("z")
    desk.expect_objects(2)
    assert (desk.masks()[0] == first).all()


def edge_points(mask: np.ndarray, count: int) -> list[tuple[float, float]]:
    """Points on the outline of a mask, all around its middle."""
    ys, xs = np.nonzero(mask)
    cx, cy = xs.mean(), ys.mean()
    points = []
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False):
        dx, dy = np.cos(angle), np.sin(angle)
        reach = int(np.hypot(np.ptp(xs), np.ptp(ys)) / 2)
        far = max(r for r in range(1, reach) if mask[int(cy + r * dy), int(cx + r * dx)])
        points.append((float(cx + far * dx), float(cy + far * dy)))
    return points


def test_magnetic_edges_bring_a_polygon_of_few_clicks_closer_to_the_object(
    desk: Desk, photograph: Path
) -> None:
    truth = human_mask(photograph)
    points = edge_points(truth, 6)
    found = []
    for magnetic in (False, True):
        desk.press("p")
        if magnetic:
            desk.press("Shift+P")
        for x, y in points:
            desk.click(x, y)
        desk.press("Enter")
        found.append(iou(desk.masks()[-1], truth))
        desk.press("Escape")
    straight, magnetic_iou = found
    assert magnetic_iou > straight + 0.02, found
    assert len(desk.saved()[-1]["recipe"]["steps"][0]["polygon"]) > 2 * len(points)
