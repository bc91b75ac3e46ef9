"""The scenes of a run that was given none: made at its start, kept beside its checkpoint."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from workers.sam.training.scenes import Library, write_scenes


def make_scenes(out: Path, count: int, processes: int, root: Path | None) -> list[Path]:
    """A run's own scenes, `count` in all, in one folder for each process; those that an earlier
    sitting finished are kept. Raises RuntimeError when a process fails."""
    folders = [out / str(seed) for seed in range(processes)]
    waiting = [(seed, folder) for seed, folder in enumerate(folders) if not folder.is_dir()]
    if not waiting:
        return folders
    library, each = Library.load(root), -(-count // processes)
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_write_whole, args=(library, folder, each, seed))
        for seed, folder in waiting
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("Scenes could not be made; what went wrong stands above.")
    return folders


def _write_whole(library: Library, folder: Path, count: int, seed: int) -> None:
    """Under another name until it is complete, so that half a folder is never taken for one."""
    part = folder.with_suffix(".part")
    write_scenes(library, part, count, seed)
    part.rename(folder)
