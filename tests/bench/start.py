"""How long `make run` takes once set up, first and second time, and what it weighs when idle."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.e2e.installation import Installation


def descendants(root: int) -> list[int]:
    """Process ids below `root`, itself included."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def resident_mib(pids: list[int]) -> dict[str, float]:
    """Proportional resident memory per process, MiB, by its command line."""
    sizes = {}
    for pid in pids:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        name = next((n for n in ("uvicorn", "workers", "launch") if n in command), command[-40:])
        sizes[f"{name} {pid}"] = round(pss / 1024, 1)
    return sizes


def folder_mib(path: Path) -> float:
    """Disk use of a folder, MiB, without following links."""
    total = sum(
        os.lstat(os.path.join(folder, name)).st_blocks * 512
        for folder, _, names in os.walk(path)
        for name in names
    )
    return round(total / 2**20, 1)


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for _ in range(2):
            running = Installation(Path(folder))
            started = time.monotonic()
            running.start()
            times.append(round(time.monotonic() - started, 1))
            if len(times) == 1:
                running.stop()
        link = running.sign_in_link
        assert link
        assert running.process
        memory = resident_mib(descendants(running.process.pid))
        web_and_worker = sum(size for name, size in memory.items() if "launch" not in name)
        running.stop()
        return {
            "first_start_s": times[0],
            "second_start_s": times[1],
            "idle_mib": memory,
            "web_and_worker_mib": round(web_and_worker, 1),
            "data_mib": folder_mib(Path(folder)),
        }
