"""Everything in a picture with a SAM-sized decoder: ours against SAM's own order, CPU-seconds.

128 clicks on a 1024 x 683 image, random weights, one thread, in turn. SAM's order: every click's
masks by the official-style graph scaled up to the image, and rated, thinned and boxed there. Random
weights rate and thin nothing as a trained model would, so thresholds are set to what keeps the
share of masks that SAM keeps of a photograph (about a third by rating, half of those by stability).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from tests.bench.statistics import paired_ratio, spread
from workers.sam.automatic import Settings, find_everything
from workers.sam.automatic.filtering import stability_scores
from workers.sam.automatic.grid import point_grid
from workers.sam.automatic.nms import keep_best
from workers.sam.bundle import load_bundle
from workers.sam.export.bundle import About, Choices, example_embedding, export_bundle
from workers.sam.families import build
from workers.sam.predictor import OnnxPredictor, Prompts

ROUNDS = 4
CLICKS = 128
SIZE = (1024, 683)
SHALLOW = {"dim": 32, "depth": 2, "heads": 2, "global_blocks": (1,)}  # the encoder is not timed
RATED, STABLE = 1 / 3, 1 / 2  # shares that pass


class SmoothEmbeddings:
    """Random embeddings that vary slowly, so that masks have an inside; and what they cost is not
    what is timed."""

    def __init__(self, predictor: OnnxPredictor) -> None:
        generator = np.random.default_rng(0)
        coarse = generator.normal(0, 1, (256, 17, 17)).astype(np.float32)
        grid = np.linspace(0, 15.999, 64)
        low, share = np.floor(grid).astype(int), (grid % 1).astype(np.float32)
        rows = coarse[:, low] * (1 - share)[:, None] + coarse[:, low + 1] * share[:, None]
        smooth = rows[:, :, low] * (1 - share) + rows[:, :, low + 1] * share
        self.embedding = {"image_embeddings": smooth[None]}
        self.prepared = predictor.prepare(self.embedding)


def thresholds(predictor: OnnxPredictor, prepared: dict[str, np.ndarray]) -> tuple[float, float]:
    """The rating and the stability that the stated shares of masks reach."""
    ratings, stabilities = [], []
    for x, y in point_grid(6) * np.array(SIZE):
        logits, ious = predictor.decode_prepared(prepared, Prompts(points=[(x, y, 1)]), SIZE)
        ratings += list(ious[1:])
        stabilities += list(stability_scores(logits[1:, :171], 1.0))
    return float(np.quantile(ratings, 1 - RATED)), float(np.quantile(stabilities, 1 - STABLE))


def every_mask_at_full_size(
    graph: onnxruntime.InferenceSession, embedding: np.ndarray, settings: Settings,
    points: np.ndarray,
) -> int:  # fmt: skip
    """SAM's order; returns how many masks are left."""
    kept, boxes, ratings = [], [], []
    for x, y in points:
        masks, ious = graph.run(
            ["masks", "iou_predictions"],
            {
                "image_embeddings": embedding,
                "point_coords": np.array([[[x - 0.5, y - 0.5], [0, 0]]], np.float32),
                "point_labels": np.array([[1, -1]], np.float32),
                "orig_im_size": np.array(SIZE[::-1], np.float32),
            },
        )
        for logits, rating in zip(masks[0][1:], ious[0][1:], strict=True):
            if rating <= settings.pred_iou_thresh:
                continue
            (stability,) = stability_scores(logits[None], settings.stability_score_offset)
            mask = logits > 0
            if stability < settings.stability_score_thresh or not mask.any():
                continue
            columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
            kept.append(mask)
            boxes.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
            ratings.append(rating)
    best = keep_best(np.array(boxes, float).reshape(-1, 4), np.array(ratings), 0.7)
    return len(best)


class AllMasks(torch.nn.Module):
    """The official-style graph as its exporter writes it for all candidates: each scaled up."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, embedding: Any, coords: Any, labels: Any, size: Any) -> tuple[Any, Any]:
        """[1,4,H,W] logits at image size, [1,4] ratings."""
        low, ious = self.model.decode((embedding,), coords, labels)
        side = self.model.spec.preprocessing.input_size
        large = torch.nn.functional.interpolate(low, (side, side), mode="bilinear")
        scaled = (size * (side / size.max()) + 0.5).to(torch.int64)
        large = large[..., : scaled[0], : scaled[1]]
        height, width = size.to(torch.int64)
        return torch.nn.functional.interpolate(large, (height, width), mode="bilinear"), ious


def one_thread(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def exported(model: Any, path: Path) -> onnxruntime.InferenceSession:
    """All candidates at image size in one graph."""
    torch.onnx.export(
        AllMasks(model).eval(),
        (
            *example_embedding(model).values(), torch.rand(1, 2, 2) * 1024,
            torch.tensor([[1.0, -1.0]]), torch.tensor([683.0, 1024.0]),
        ),
        str(path), input_names=["image_embeddings", "point_coords", "point_labels", "orig_im_size"],
        output_names=["masks", "iou_predictions"], dynamic_axes={"masks": {2: "h", 3: "w"}},
        opset_version=17, dynamo=False,
    )  # fmt: skip
    return one_thread(path)


def measure() -> dict[str, Any]:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = build("sam-vit-b", **SHALLOW).eval()
        export_bundle(model, folder / "bundle", About("sam-sized", "sam"), Choices(official=False))
        predictor = OnnxPredictor(load_bundle(folder / "bundle"), threads=1)
        yardstick = exported(model, folder / "all.onnx")
        made = SmoothEmbeddings(predictor)
        rated, stable = thresholds(predictor, made.prepared)
        # 11 x 11 clicks, the largest square below 128; the yardstick is asked for the same.
        settings = Settings(
            points_per_side=int(CLICKS**0.5), pred_iou_thresh=rated, stability_score_thresh=stable
        )
        image = np.zeros((*SIZE[::-1], 3), np.uint8)
        points = point_grid(settings.points_per_side) * np.array(SIZE)
        ours, theirs, counts = [], [], (0, 0)
        for _ in range(ROUNDS):
            start = time.process_time()
            found = find_everything(predictor, image, settings, embedding=made.embedding)
            middle = time.process_time()
            left = every_mask_at_full_size(
                yardstick, made.embedding["image_embeddings"], settings, points
            )
            theirs.append(time.process_time() - middle)
            ours.append(middle - start)
            counts = (len(found), left)
    return {
        "clicks": len(points),
        "masks": {"ours": counts[0], "sams_order": counts[1]},
        "ours_cpu_s": spread(ours),
        "sams_order_cpu_s": spread(theirs),
        "ratio": paired_ratio(ours, theirs),
    }
