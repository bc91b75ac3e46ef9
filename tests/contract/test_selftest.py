"""The self-test page compares with what the shipped bundle really answers."""

from __future__ import annotations

import json

from tests.contract.selftest import REFERENCE, reference


def test_the_reference_is_the_shipped_bundle_s() -> None:
    stored, now = json.loads(REFERENCE.read_text()), reference()
    renew = "the bundle changed: run python -m tests.contract.selftest"
    assert stored["bundle"] == now["bundle"], renew
    for kept, made in zip(stored["cases"], now["cases"], strict=True):
        for areas in zip(kept["areas"], made["areas"], strict=True):
            assert abs(areas[0] - areas[1]) <= 0.01 * areas[0], renew
