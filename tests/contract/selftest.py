"""What the self-test page compares with: the shipped bundle's answer to an embedding by formula.

`python -m tests.contract.selftest` writes the file anew; that is needed when the bundle changes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from workers.sam.bundle import bundle_id

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "workers" / "bundles" / "samweb-small"
REFERENCE = ROOT / "frontend" / "src" / "decoder" / "reference.json"
CLICKS: list[dict[str, list[Any]]] = [
    {"coords": [128.0, 128.0], "labels": [1]},
    {"coords": [60.0, 60.0, 190.0, 180.0], "labels": [2, 3]},
]


def embedding(shape: list[int]) -> np.ndarray:
    """A tensor of smooth waves, the same in frontend/src/decoder/self-check.ts."""
    _, channels, height, width = shape
    c = np.arange(channels, dtype=np.float64)[:, None, None]
    y = np.arange(height, dtype=np.float64)[None, :, None] / height
    x = np.arange(width, dtype=np.float64)[None, None, :] / width
    waves = np.sin((c % 7 + 1) * x * 3 + c) * np.cos((c % 5 + 1) * y * 3 - c)
    return waves.astype(np.float32)[None]


def answer(manifest: dict[str, Any], click: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    """The decode graph's outputs for one prompt, by onnxruntime on the CPU."""
    feeds = {spec["name"]: embedding(spec["shape"]) for spec in manifest["tensors"]}
    feeds |= run("prepare", feeds)
    count = len(click["labels"])
    feeds |= {
        "point_coords": np.array(click["coords"], np.float32).reshape(1, count, 2),
        "point_labels": np.array(click["labels"], np.float32).reshape(1, count),
        "prompt_tokens": np.zeros((1, 0, manifest["prompt_token_channels"]), np.float32),
    }
    return run("decode", feeds)


def run(graph: str, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(BUNDLE / f"{graph}.onnx")
    wanted = {one.name: feeds[one.name] for one in session.get_inputs()}
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(None, wanted), strict=True))


def reference() -> dict[str, Any]:
    """The file's content: for each prompt the candidates' scores and their masks' row sums."""
    manifest = json.loads((BUNDLE / "manifest.json").read_text())
    cases = []
    for click in CLICKS:
        outputs = answer(manifest, click)
        masks = outputs["low_res_masks"][0] > 0
        cases.append(
            {
                **click,
                "iou_predictions": [round(float(v), 4) for v in outputs["iou_predictions"][0]],
                "areas": [int(mask.sum()) for mask in masks],
                "rows": [[int(n) for n in mask.sum(axis=1)] for mask in masks],
            }
        )
    return {"bundle": bundle_id(manifest), "cases": cases}


if __name__ == "__main__":
    REFERENCE.write_text(json.dumps(reference()) + "\n")
