"""The child process that decodes uploads: `python -m samweb.projects.decode_child LIMIT`.

Each line on stdin is `{"source", "folder", "max_pixels"}`; each line on stdout answers it. What a
file can do to a decoder ends here: memory and time have limits, a crash ends this process alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import resource
import select
import signal
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from samweb.projects import raster

IDLE_SECONDS = 60  # then the memory goes back to the system
BASE_MEMORY = 1 << 30  # of addresses, most of them never touched
MEMORY_PER_PIXEL = 24
SECONDS = 5
SECONDS_PER_MEGAPIXEL = 0.5
LOSSLESS_PIXELS = 4_000_000
THUMBNAIL_SIDE = 256
JPEG: dict[str, Any] = {"format": "JPEG", "quality": 95, "subsampling": 0}
PNG: dict[str, Any] = {"format": "PNG", "compress_level": 6}


def main() -> None:
    """Answer line after line until stdin ends, or nothing has come for a minute."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while select.select([sys.stdin], [], [], IDLE_SECONDS)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        answer = answer_to(json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def answer_to(job: dict[str, Any]) -> dict[str, Any]:
    """Decode one file into `display` and `thumb` in the job's folder."""
    try:
        limit(1_000_000)
        with raster.header(job["source"], job["max_pixels"]) as opened:
            limit(opened.size[0] * opened.size[1])
        return written(raster.decode(job["source"], job["max_pixels"]), Path(job["folder"]))
    except raster.Unreadable as error:
        return {"ok": False, "code": error.code, "text": str(error)}
    except MemoryError:
        return {"ok": False, "code": "too_large", "text": "needs too much memory to decode."}
    except Exception as error:
        text = f"cannot be decoded ({type(error).__name__})."
        return {"ok": False, "code": "unreadable", "text": text}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit(pixels: int) -> None:
    """Bound memory and time by the size that the header states. Past the time, a signal kills."""
    seconds = SECONDS + SECONDS_PER_MEGAPIXEL * pixels / 1e6
    signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
    used = resource.getrusage(resource.RUSAGE_SELF)
    for what, most in (
        (resource.RLIMIT_AS, BASE_MEMORY + MEMORY_PER_PIXEL * pixels),
        (resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows some of them not
            resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def written(decoded: raster.Raster, folder: Path) -> dict[str, Any]:
    """Write the display file and the thumbnail; say what the picture is."""
    image = decoded.image
    digest = hashlib.sha256()
    for rows in raster.row_bytes(image):
        digest.update(rows)
    lossless = not decoded.lossy and image.width * image.height <= LOSSLESS_PIXELS
    image.save(folder / "display", **(PNG if lossless else JPEG))
    thumbnail(image).save(folder / "thumb", format="JPEG", quality=85)
    return {
        "ok": True,
        "width": image.width,
        "height": image.height,
        "format": decoded.format,
        "note": decoded.note,
        "window": decoded.window,
        "pixels_sha256": digest.hexdigest(),
        "display_type": "png" if lossless else "jpeg",
    }


def thumbnail(image: Image.Image) -> Image.Image:
    """The picture with its longest side at most 256; small ones stay."""
    scale = min(1.0, THUMBNAIL_SIDE / max(image.size))
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


if __name__ == "__main__":
    main()
