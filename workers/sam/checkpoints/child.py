"""Work on files that nobody vouches for, in a process with limits: what they can do ends there."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sam.checkpoints.errors import CheckpointError

PACKAGE_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Limits:
    """Bytes of address space, bytes of the largest file it may write, seconds of time and of CPU
    (CPU seconds count each core)."""

    memory: int
    file: int
    seconds: float


def ask(module: str, job: dict[str, Any], limits: Limits, what: str) -> dict[str, Any]:
    """Run `python -m module` on a job (JSON on stdin); returns its answer (JSON on stdout).

    A child that says `{"error": sentence}`, dies or takes too long is a CheckpointError; `what`
    begins the sentence.
    """
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(PACKAGE_ROOT),
        "MALLOC_ARENA_MAX": "2",
    }
    text = json.dumps({**job, "limits": vars(limits)})
    try:
        done = subprocess.run(
            [sys.executable, "-s", "-m", module], input=text.encode(), env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=limits.seconds + 30,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CheckpointError(f"{what} takes too long to read.") from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        if -done.returncode in (14, 24):  # SIGALRM, SIGXCPU
            raise CheckpointError(f"{what} takes too long to read.") from None
        raise CheckpointError(f"{what} made its reader fail.") from None
    if "error" in answer:
        raise CheckpointError(f"{what} {answer['error']}")
    return answer


def begin() -> dict[str, Any]:
    """In the child: take the job and put on the limits."""
    job: dict[str, Any] = json.load(sys.stdin)
    limits = Limits(**job.pop("limits"))
    cores = os.cpu_count() or 1
    for which, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_CPU, int(limits.seconds) * cores + 1),
    ):
        try:
            hard = resource.getrlimit(which)[1]
            resource.setrlimit(which, (most if hard < 0 else min(most, hard), hard))
        except (ValueError, OSError):  # some systems know some of them not
            continue
    return job


def answer(**members: Any) -> None:
    """In the child: say how it went; printed by `main` alone, once."""
    sys.stdout.write(json.dumps(members))
    sys.stdout.flush()
