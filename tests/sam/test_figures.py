"""What an evaluation says of objects: means, calibration, differences and their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workers.sam.chart import round_up
from workers.sam.figures import (
    calibration,
    mean_of_sets,
    paired_difference,
    rated,
    steady_share,
    summary,
)


def entry(image: str, *ious: float, **more: Any) -> dict[str, Any]:
    return {"image": image, "annotation": f"{image}-{ious}", "ious": list(ious), **more}


def test_an_object_is_lost_when_five_clicks_leave_it_below_a_third() -> None:
    lost, found = entry("a", 0.1, 0.2, 0.2, 0.2, 0.29, 0.8), entry("a", 0, 0, 0, 0, 0.31)
    assert summary([lost, found])["lost_5"] == 0.5


def test_a_click_that_costs_two_hundredths_still_counts_as_steady() -> None:
    objects = [entry("a", 0.5, 0.49, 0.6), entry("b", 0.9, 0.87)]
    assert steady_share(objects) == pytest.approx(2 / 3, abs=1e-4)
    assert steady_share([]) is None


def test_what_nothing_is_known_of_has_no_figure() -> None:
    figures = summary([entry("a", 0.5)])
    assert figures["box"] is None and figures["calibration_error"] is None
    assert figures["miou_5"] == 0.5 and figures["best_of_3"] is None


def test_calibration_compares_what_was_promised_with_what_was_given() -> None:
    objects = [entry("a", 0.2, 0.8, predicted=[0.25, 0.85]), entry("b", 0.6, predicted=[0.88])]
    pairs = rated(objects)
    assert pairs.tolist() == [[0.25, 0.2], [0.85, 0.8], [0.88, 0.6]]
    table = calibration(pairs)
    assert [(bin["from"], bin["count"]) for bin in table] == [(0.2, 1), (0.8, 2)]
    assert table[1]["true"] == pytest.approx(0.7)
    assert summary(objects)["calibration_error"] == pytest.approx((0.05 + 0.05 + 0.28) / 3, 0.01)


def test_calibration_leaves_out_the_late_clicks_that_only_hard_objects_get() -> None:
    late = entry("a", *[0.5] * 9, predicted=[0.5] * 5 + [1.0] * 4)
    assert summary([late])["calibration_error"] == 0


def test_every_set_counts_the_same_in_the_mean_whatever_its_size() -> None:
    small, large = summary([entry("a", 1.0)]), summary([entry("b", 0.0)] * 9)
    assert mean_of_sets({"small": small, "large": large})["miou_1"] == 0.5


def test_a_difference_is_paired_object_by_object() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.2, 0.8, 60)
    before = [entry(f"{n // 2}", v) | {"annotation": str(n)} for n, v in enumerate(truth)]
    after = [{**one, "ious": [one["ious"][0] + 0.05]} for one in before]
    middle, low, high = paired_difference(
        "miou_1", {"set": summary(before)}, {"set": summary(after)}
    ) or (0, 0, 0)
    assert (middle, low, high) == pytest.approx((0.05, 0.05, 0.05), abs=1e-3)


def test_objects_of_one_image_do_not_make_an_interval_narrower() -> None:
    rng = np.random.default_rng(2)
    shift = rng.normal(0, 0.2, 10)  # a whole image gets better or worse

    def result(copies: int, by: float) -> dict[str, Any]:
        objects = [
            entry(f"{image}", 0.5 + by * shift[image]) | {"annotation": f"{image}-{copy}"}
            for image in range(10)
            for copy in range(copies)
        ]
        return {"set": summary(objects)}

    one = paired_difference("miou_1", result(1, 0), result(1, 1))
    many = paired_difference("miou_1", result(20, 0), result(20, 1))
    assert one is not None and many is not None
    assert many[2] - many[1] == pytest.approx(one[2] - one[1], rel=0.05)


def test_results_of_other_objects_are_not_compared() -> None:
    first, second = summary([entry("a", 0.5)]), summary([entry("b", 0.5)])
    with pytest.raises(ValueError, match="same objects"):
        paired_difference("miou_1", {"set": first}, {"set": second})
    plain = {"set": summary([entry("a", 0.5)])}
    assert paired_difference("box", plain, plain) is None


@pytest.mark.parametrize(
    ("value", "end"), [(0, 1), (0.031, 0.04), (0.9, 1), (1, 1), (127_496, 150_000), (2.1, 2.5)]
)
def test_axes_end_at_short_numbers(value: float, end: float) -> None:
    assert round_up(value) == pytest.approx(end)
