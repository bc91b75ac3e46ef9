"""Several methods over several image sets: a table for each set, means of sets, differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sam import yardsticks
from workers.sam.bundle import Bundle
from workers.sam.evaluation import (
    Item,
    ModelSegmenter,
    Segmenter,
    evaluate,
    read_items,
    round_robin,
)
from workers.sam.figures import MAX_CLICKS, PAIRED, mean_of_sets, paired_difference
from workers.sam.predictor import OnnxPredictor
from workers.sam.sets import is_held_out

Method = Callable[[list[Item]], Segmenter]  # the objects that will be asked for -> what answers
Result = dict[str, Any]
Progress = Callable[[str, int, int], None]  # what is measured, objects done, of how many


@dataclass(frozen=True)
class ImageSet:
    """Objects, and the folder that their file names are relative to."""

    name: str
    items: list[Item]
    images: Path


def read_set(
    name: str, coco_file: Path, images: Path, *, limit: int | None = None, held_out: bool = False
) -> ImageSet:
    """A set from a COCO instances file; `held_out` leaves only images kept from training.

    Raises ValueError when no object is left, and what `read_items` raises.
    """
    items = read_items(coco_file)
    if held_out:
        items = [item for item in items if is_held_out(name, item.file_name)]
    if not items:
        raise ValueError(f"{coco_file} holds no objects to measure{' (held out)' * held_out}.")
    return ImageSet(name, round_robin(items, limit), images)


def columns(
    bundle: Bundle,
    embedding_dtypes: Sequence[str | None] = (None,),
    threads: int = 0,
    raw: bool = False,
) -> dict[str, Method]:
    """What is measured of a bundle: the mask that the product shows, from the whole-image
    embedding, once for each number type to store embeddings in (None: the manifest's); with `raw`
    also the mask as it was decoded, without the second look at its edges.
    """
    found: dict[str, Method] = {}
    for dtype in embedding_dtypes:
        predictor = OnnxPredictor(bundle, threads, embedding_dtype=dtype)
        name = f"{bundle.name} {dtype}" if dtype else bundle.name
        found[name] = _always(ModelSegmenter(predictor, finish=predictor.refined_mask))
        if raw:
            found[f"{name} raw"] = _always(ModelSegmenter(predictor))
    return found


def _always(segmenter: Segmenter) -> Method:
    return lambda items: segmenter


def yardstick(name: str) -> Method:
    """A classical method (workers/sam/yardsticks)."""
    return lambda items: yardsticks.build(name, items)


def compare(
    methods: Mapping[str, Method],
    sets: Sequence[ImageSet],
    max_clicks: int = MAX_CLICKS,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The same objects through every method.

    {"methods": {name: {"sets": {set: figures}, "mean": figures}}, "differences": {name: {figure:
    [difference, low, high]}}}, where a difference is the method minus the first one, mean of sets,
    with its 95 % interval.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, method in methods.items():
        results: dict[str, Result] = {}
        for each in sets:

            def say(done: int, total: int, what: str = f"{each.name}, {name}") -> None:
                if progress:
                    progress(what, done, total)

            results[each.name] = evaluate(
                method(each.items), each.items, each.images, max_clicks, say
            )
        found[name] = {"sets": results, "mean": mean_of_sets(results)}
    first, *others = found
    differences = {
        name: {
            figure: paired_difference(figure, found[first]["sets"], found[name]["sets"], max_clicks)
            for figure in PAIRED
        }
        for name in others
    }
    return {"methods": found, "differences": differences}


def better_of(results: Sequence[Mapping[str, Any]], figure: str) -> float | None:
    """For each set the best method's figure, then the mean of sets: what issue 3 measures a model
    against. `results` are entries of `compare`'s "methods"."""
    if not results:
        return None
    best = [max(result["sets"][name][figure] for result in results) for name in results[0]["sets"]]
    return round(sum(best) / len(best), 4)
