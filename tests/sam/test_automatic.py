"""Everything in a picture: the same masks as SAM's order of doing it, only sooner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samweb.masks import rle
from workers.sam.automatic import Cancelled, Found, Settings, find_everything, settings_for
from workers.sam.automatic.filtering import Cells, box_of, cut_off, stability_scores
from workers.sam.automatic.grid import View, point_grid, views_of
from workers.sam.automatic.nms import keep_best
from workers.sam.automatic.regions import tidied
from workers.sam.evaluation import iou, read_image
from workers.sam.predictor import OnnxPredictor, Prompts, upscale_logits

PHOTOGRAPHS = Path(__file__).resolve().parents[2] / "samweb" / "exports" / "demo" / "data"


def box_around(mask: np.ndarray) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def in_sams_order(
    predictor: OnnxPredictor, image: np.ndarray, settings: Settings
) -> list[np.ndarray]:
    """Every mask scaled up to the image first, and everything decided there."""
    size = (image.shape[1], image.shape[0])
    prepared = predictor.prepare(predictor.encode([image])[0])
    masks, ratings = [], []
    for x, y in point_grid(settings.points_per_side) * np.array(size):
        logits, ious = predictor.decode_prepared(prepared, Prompts(points=[(x, y, 1)]), size)
        for each, rating in zip(logits[1:], ious[1:], strict=True):
            large = upscale_logits(each, size, predictor.input_size)
            loose = np.count_nonzero(large > -settings.stability_score_offset)
            firm = np.count_nonzero(large > settings.stability_score_offset)
            if rating <= settings.pred_iou_thresh or not (large > 0).any():
                continue
            if firm / max(loose, 1) >= settings.stability_score_thresh:
                masks.append(large > 0)
                ratings.append(rating)
    boxes = np.array([box_around(mask) for mask in masks], float).reshape(-1, 4)
    return [masks[at] for at in keep_best(boxes, np.array(ratings), settings.box_nms_thresh)]


def pixels(found: Found) -> np.ndarray:
    return rle.decode(found.counts, *found.size).astype(bool)


@pytest.mark.parametrize("name", ["coffee.jpg", "stained-cells.jpg"])
def test_nearly_all_masks_are_those_of_sams_order(shipped: OnnxPredictor, name: str) -> None:
    image = read_image(PHOTOGRAPHS / name)[::2, ::2]
    settings = Settings(
        points_per_side=16, pred_iou_thresh=0.5, stability_score_thresh=0.5,
        stability_score_offset=0.25, box_nms_thresh=0.5,
    )  # fmt: skip
    ours = [pixels(each) for each in find_everything(shipped, image, settings)]
    theirs = in_sams_order(shipped, image, settings)
    assert len(theirs) >= 20
    for some, others in ((ours, theirs), (theirs, ours)):
        matched = [max(iou(mask, other) for other in others) >= 0.98 for mask in some]
        assert np.mean(matched) >= 0.98


def test_what_is_found_decodes_again_from_its_click(shipped: OnnxPredictor) -> None:
    image = read_image(PHOTOGRAPHS / "tulips.jpg")
    size = (image.shape[1], image.shape[0])
    embedding = shipped.encode([image])[0]
    settings = Settings(8, 0.5, 0.5, 0.25, 0.5)
    found = find_everything(shipped, image, settings, embedding=embedding)
    assert found == sorted(found, key=lambda each: -each.predicted_iou)
    for each in found:
        prompt = Prompts(points=[(*each.point_image, 1)])
        logits, ious = shipped.decode(embedding, prompt, size)
        assert np.array_equal(shipped.mask(logits[each.candidate], size), pixels(each))
        assert ious[each.candidate] == pytest.approx(each.predicted_iou)
        assert each.area == pixels(each).sum() and list(each.box) == box_around(pixels(each))


def test_crops_find_what_the_whole_image_is_too_coarse_for(shipped: OnnxPredictor) -> None:
    image = read_image(PHOTOGRAPHS / "stained-cells.jpg")
    settings = Settings(8, 0.5, 0.5, 0.25, 0.5)
    whole = find_everything(shipped, image, settings)
    closer = find_everything(shipped, image, Settings(8, 0.5, 0.5, 0.25, 0.5, crop_n_layers=1))
    assert {each.view for each in closer} > {each.view for each in whole}
    assert all(pixels(each).shape == image.shape[:2] for each in closer)


def test_the_grid_has_a_click_in_the_middle_of_every_field() -> None:
    assert point_grid(2).tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]


def test_crops_cover_the_image_and_overlap_by_sams_rule() -> None:
    views = views_of((1500, 1000), Settings(crop_n_layers=2))
    assert [sum(view.layer == layer for view in views) for layer in range(3)] == [1, 4, 16]
    seen = np.zeros((1000, 1500), int)
    for view in views[1:5]:
        seen[view.y0 : view.y1, view.x0 : view.x1] += 1
    assert seen.min() == 1 and seen.max() == 4
    # The overlap of layer 1 is the ratio of the shorter side: int(1000 * 512 / 1500) = 341.
    assert views[3].x0 == views[1].x1 - 341


def test_of_boxes_on_each_other_the_best_stays() -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 60, (80, 2))
    boxes = np.hstack([corners, corners + rng.uniform(5, 40, (80, 2))])
    scores = rng.uniform(size=80)

    def overlap(a: np.ndarray, b: np.ndarray) -> float:
        wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
        high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
        areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
        return float(wide * high / (sum(areas) - wide * high))

    slowly: list[int] = []
    for at in np.argsort(-scores):
        if all(overlap(boxes[at], boxes[stays]) <= 0.3 for stays in slowly):
            slowly.append(int(at))
    assert keep_best(boxes, scores, 0.3).tolist() == slowly
    assert keep_best(np.zeros((0, 4)), np.zeros(0), 0.3).tolist() == []


def test_a_mask_that_only_a_crop_cut_off_goes() -> None:
    view = View(0, 100, 300, 400, 1)
    for box, gone in [
        ([100, 5, 200, 200], True), ([0, 50, 100, 200], False), ([50, 50, 200, 295], True),
        ([60, 60, 90, 90], False),
    ]:  # fmt: skip
        assert cut_off(np.array(box), view, (900, 900)) == gone


@pytest.mark.parametrize("size", [(200, 90), (77, 160), (32, 32), (9, 14)])
def test_a_box_is_that_of_the_mask_at_full_size(size: tuple[int, int]) -> None:
    for logits in np.random.default_rng(5).normal(-2, 1.5, (20, 16, 16)):
        at_full_size = upscale_logits(logits, size, 32) > 0
        box = box_of(logits, Cells.of(logits.shape, size, 32))
        assert (None if box is None else box.tolist()) == (
            box_around(at_full_size) if at_full_size.any() else None
        )


def test_a_mask_that_stays_when_the_threshold_moves_is_stable() -> None:
    logits = np.full((2, 4, 8), -5.0)
    logits[0, 1:3, 2:5] = 5.0
    logits[0, 1, 5] = 0.5
    assert stability_scores(logits, 1.0).tolist() == [6 / 7, 0]


def test_small_holes_are_filled_and_small_islands_dropped() -> None:
    mask = np.zeros((20, 30), bool)
    mask[2:14, 2:14] = True
    mask[5:7, 5:7] = False
    mask[16, 20:23] = mask[17, 23] = True
    clean = tidied(mask, 5)
    assert clean[2:14, 2:14].all() and clean.sum() == 144
    assert tidied(mask, 3)[17, 23]  # corners touch, so these are four pixels in one piece
    specks = np.zeros((9, 9), bool)
    specks[1, 1] = specks[5, 5:7] = True
    assert tidied(specks, 50).sum() == 2


def test_cancelling_ends_it_and_progress_counts_clicks(shipped: OnnxPredictor) -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    said: list[tuple[int, int]] = []
    settings = Settings(points_per_side=12)
    find_everything(shipped, image, settings, progress=lambda *at: said.append(at))
    assert said[-1] == (144, 144) and len(said) == 3
    with pytest.raises(Cancelled):
        find_everything(shipped, image, settings, cancelled=lambda: True)


@pytest.mark.parametrize("shape", [(1, 1), (3, 4000), (4000, 3)])
def test_any_shape_of_picture_is_searched(shipped: OnnxPredictor, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    for each in find_everything(shipped, image, Settings(4, 0.0, 0.0)):
        assert pixels(each).shape == shape and each.area > 0


def test_numbers_that_are_none_are_refused(
    shipped: OnnxPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = np.full((4, 128, 128), np.nan, np.float32)
    monkeypatch.setattr(shipped, "decode_prepared", lambda *_: (broken, np.ones(4)))
    with pytest.raises(ValueError, match="no numbers"):
        find_everything(shipped, np.zeros((8, 8, 3), np.uint8), Settings(2))


def test_each_model_has_settings_that_suit_it(shipped: OnnxPredictor) -> None:
    assert settings_for(shipped.bundle).pred_iou_thresh == 0.5
    with pytest.raises(ValueError, match="points_per_side"):
        Settings(points_per_side=0)
