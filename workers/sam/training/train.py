"""A training run: `manage.py train --recipe NAME`, or `python -m workers.sam.training.train`.

Several processes average their gradients: on a CPU two processes of one thread are a third faster
than one process of two. It writes a checkpoint every few minutes and goes on from it with
`--resume`.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing

from workers.sam.training.data import RealStore, SceneStore
from workers.sam.training.distill import Distiller
from workers.sam.training.own_scenes import make_scenes
from workers.sam.training.recipe import Recipe, RecipeError, read_recipe
from workers.sam.training.trainer import Trainer

DATA_HELP = (
    "folder of image sets: SET/instances.json (COCO) for each set of the recipe's set_shares, file "
    "names relative to SET, and, if there are any, photographs in unlabelled_photos (manifest.json)"
    "; without it the run sees procedural scenes alone"
)


class RunFailed(RuntimeError):
    """A run that did not reach its end; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a run; `manage.py train` has the same."""
    parser.add_argument(
        "--recipe", help="name or TOML file; from_scratch, or continue with --refine"
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("SAMWEB_TEST_DATA"), help=DATA_HELP
    )
    parser.add_argument(
        "--scenes", type=Path, nargs="+", help="folders that scenes.py wrote; else made in OUT"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, help="instead of the recipe's")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--prompts", type=int, help="objects asked for in each image")
    parser.add_argument("--rate", type=float, help="the highest learning rate")
    parser.add_argument(
        "--bfloat16", action="store_true", help="faster on CPUs with avx512_bf16 or amx_bf16"
    )
    parser.add_argument("--save-minutes", type=float, default=3)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument(
        "--refine",
        type=Path,
        metavar="WEIGHTS",
        help="a finished run's checkpoint, or weights/samweb-small.safetensors beside this file",
    )
    parser.add_argument("--teacher", type=Path, metavar="CHECKPOINT", help="to distil from")
    parser.add_argument(
        "--variant", metavar="NAME", help="the teacher's model; told by its weights"
    )


def chosen_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe of a run. RecipeError when the options do not fit it."""
    recipe = read_recipe(options.recipe or ("continue" if options.refine else "from_scratch"))
    if recipe.refines and not (options.refine or options.resume):
        raise RecipeError(
            f"The recipe {recipe.name!r} goes on from weights: give --refine WEIGHTS."
        )
    if recipe.distill and not options.teacher:
        raise RecipeError(
            f"The recipe {recipe.name!r} learns from a larger model: give --teacher CHECKPOINT."
        )
    return recipe


def load_pictures(
    options: argparse.Namespace, recipe: Recipe
) -> tuple[SceneStore | None, RealStore | None]:
    """What is learned from. ValueError when a set of the recipe is missing."""
    data = Path(options.data) if options.data else None
    folders = options.scenes
    if not folders and recipe.scenes:
        folders = make_scenes(options.out / "scenes", recipe.scenes, options.processes, data)
    scenes = SceneStore(folders) if folders else None
    real = RealStore(data, shares=recipe.set_shares) if data and recipe.set_shares else None
    if scenes is None and real is None:
        raise RecipeError("There is nothing to learn from: no scenes and no --data.")
    if real is None:
        print("No image sets: the run sees procedural scenes alone.", flush=True)
    return scenes, real


def train(
    rank: int,
    options: argparse.Namespace,
    recipe: Recipe,
    scenes: SceneStore | None,
    real: RealStore | None,
) -> None:
    """One process of a run, from its start."""
    torch.set_num_threads(options.threads)
    if options.processes > 1:
        dist.init_process_group(
            "gloo",
            init_method=f"file://{options.out}/rendezvous",
            rank=rank,
            world_size=options.processes,
        )
    kind = Distiller if recipe.distill else Trainer
    kind(rank, options, recipe).run(scenes, real)


def run(options: argparse.Namespace) -> None:
    """Load once, then fork: the processes share the pictures.

    Raises RecipeError, ValueError or OSError for what cannot be used, RunFailed when a process
    ends before its time.
    """
    cv2.setNumThreads(1)
    recipe = chosen_recipe(options)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "rendezvous").unlink(missing_ok=True)
    pictures = load_pictures(options, recipe)
    if options.processes == 1:
        train(0, options, recipe, *pictures)
        return
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=train, args=(rank, options, recipe, *pictures))
        for rank in range(options.processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RunFailed("A process of the run ended early; what it said stands above.")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    try:
        run(parser.parse_args())
    except (RecipeError, RunFailed) as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
