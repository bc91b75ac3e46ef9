"""The child that runs a bundle once: whatever a graph does to the runtime ends here."""

from __future__ import annotations

from typing import Any

import numpy as np

from workers.sam.checkpoints import child

SIZE = (97, 61)  # width, height, pixels of a picture that no model expects


class Unfit(Exception):
    """What the bundle answers, and should not; goes after its name in the sentence."""


def main() -> None:
    job = child.begin()
    try:
        try_bundle(str(job["folder"]))
        child.answer(ok=True)
    except Unfit as problem:
        child.answer(error=str(problem))
    except MemoryError:
        child.answer(error="needs more memory than its size allows.")
    except Exception as problem:  # of the runtime; its text may hold anything
        child.answer(error=f"cannot be run ({type(problem).__name__}).")


def try_bundle(folder: str) -> None:
    """Encode a picture and decode a click, a box and a click on a previous mask."""
    from workers.sam.predictor import OnnxPredictor, Prompts

    predictor = OnnxPredictor(folder)
    manifest = predictor.bundle.manifest
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    picture = np.stack([rows * 4, columns * 2, rows + columns], -1).astype(np.uint8)
    embedding = predictor.encode([picture])[0]
    for spec in predictor.bundle.tensors:
        expect(f"the tensor {spec.name}", embedding[spec.name], spec.shape)
    prepared = predictor.prepare(embedding)
    many = len(manifest["candidates"])
    prompts = [Prompts(points=[(40.5, 30.5, 1)]), Prompts(box=(10, 10, 60, 50))]
    for prompt in prompts:
        logits, ious = predictor.decode_prepared(prepared, prompt, SIZE)
        expect("low_res_masks", logits, (many, *manifest["low_res_size"]))
        expect("iou_predictions", ious, (many,))
    if predictor.bundle.graph("decode_with_mask"):
        again = Prompts(points=[(40.5, 30.5, 1), (5.5, 5.5, 0)], mask_input=logits[0])
        logits, ious = predictor.decode_prepared(prepared, again, SIZE)
        expect("low_res_masks after a mask", logits, (many, *manifest["low_res_size"]))


def expect(what: str, found: Any, shape: tuple[int, ...]) -> None:
    if tuple(found.shape) != tuple(shape):
        raise Unfit(f"answers {what} of the size {found.shape} and not {tuple(shape)}.")
    if not np.isfinite(found).all():
        raise Unfit(f"answers {what} with numbers that are not finite.")


if __name__ == "__main__":
    main()
