"""The image sets by name: which may be trained on, which are for tests only, what is held out.

The folder layout is COCO's: `<root>/<set>/instances.json`, with file names relative to its folder.
Every eighth image or so of each training set (by a hash of its name, so the choice never moves) is
held out: decisions are made on those and never on the test-only sets.
"""

from __future__ import annotations

import hashlib

TRAINING_SETS = (
    "coco_cc_by_2",
    "building_facades",
    "coffee_leaves",
    "mushrooms",
    "flakes_2d_materials",
    "amazon_forest",
    "nuclei_dsb2018_2",
)
TEST_ONLY_SETS = frozenset(
    {
        "coco_cc_by",
        "coco_cc_by_sa",
        "fruits_nuts",
        "nuclei_dsb2018",
        "solar_panels_gsi",
        "cardiac_mr_sunnybrook",
    }
)
HELD_OUT_SHARE = 0.12


def is_held_out(set_name: str, file_name: str) -> bool:
    """Whether this image is kept away from training, the same on every machine."""
    digest = hashlib.sha256(f"{set_name}/{file_name}".encode()).digest()
    return digest[0] / 256 < HELD_OUT_SHARE
