"""Pictures of every kind through the shipped encoder, and answers that must not be stored."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from samweb.core.files import store
from samweb.embeddings import selectors
from samweb.embeddings.models import Bundle, Embedding
from tests import cast
from tests.services.test_embeddings import registered
from tests.workers.test_embed import asked
from workers import dispatch, encoder, start

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]


def uploaded(project: cast.Project, picture: Pillow.Image, form: str) -> cast.Image:
    """An image with the picture's bytes in the store."""
    buffer = io.BytesIO()
    picture.save(buffer, form)
    width, height = picture.size
    made = cast.image(project, f"picture.{form.lower()}", width=width, height=height)
    made.original_sha256 = store().put("originals", buffer.getvalue()).sha256
    made.save()
    return made


def ramp(width: int, height: int) -> np.ndarray:
    return np.linspace(0, 65535, width * height).reshape(height, width).astype(np.uint16)


PICTURES = {
    "1 x 1": lambda: (Pillow.new("RGB", (1, 1), (9, 90, 200)), "PNG"),
    "12000 x 1200": lambda: (Pillow.new("RGB", (12000, 1200), (90, 9, 20)), "JPEG"),
    "16-bit grey": lambda: (Pillow.fromarray(ramp(80, 50)), "TIFF"),
    "grey": lambda: (Pillow.new("L", (80, 50), 99), "PNG"),
    "CMYK": lambda: (Pillow.new("CMYK", (80, 50), (9, 90, 20, 3)), "JPEG"),
    "RGBA": lambda: (Pillow.new("RGBA", (80, 50), (9, 90, 200, 70)), "PNG"),
}


@pytest.fixture
def shipped() -> Iterator[Bundle]:
    encoder.release_if_idle(0)
    (bundle, *_) = start.bundles_offer()
    yield bundle
    encoder.release_if_idle(0)


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_of_every_kind_are_embedded(
    kind: str, shipped: Bundle, orchard: cast.Project
) -> None:
    image = uploaded(orchard, *PICTURES[kind]())
    run = asked(image)
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert run.state == "done", run.error
    assert Embedding.objects.get(bundle=shipped).pixels_sha256 == image.pixels_sha256


def test_81_megapixels_are_encoded_within_a_gigabyte(tmp_path: Path) -> None:
    """Decoded, scaled and encoded in a process of its own; the raster alone is 243 MB."""
    path = tmp_path / "large.jpg"
    Pillow.new("RGB", (9000, 9000), (30, 120, 60)).save(path)
    code = (
        "import resource, sys\n"
        "import numpy as np\n"
        "from samweb.projects.raster import upright_rgb\n"
        "from workers.sam.bundle import find_bundle\n"
        "from workers.sam.predictor import OnnxPredictor\n"
        "predictor = OnnxPredictor(find_bundle(), threads=1)\n"
        "predictor.encode([np.zeros((9, 9, 3), np.uint8)])\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = peak()\n"
        "(tensors,) = predictor.encode([upright_rgb(sys.argv[1], 100_000_000)])\n"
        "assert all(np.isfinite(value).all() for value in tensors.values())\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1024


class Nonsense:
    """An encoder that answers what it is told to."""

    def __init__(self, answer: dict[str, np.ndarray]) -> None:
        self.answer = answer

    def encode(self, rasters: Any) -> list[dict[str, np.ndarray]]:
        return [self.answer for _ in rasters]


GOOD = {
    "image_embeddings": np.zeros((1, 4, 2, 2), np.float16),
    "edges": np.zeros((1, 1, 2, 3), np.float16),
}
ANSWERS = {
    "not a number": {**GOOD, "edges": np.full((1, 1, 2, 3), np.nan, np.float16)},
    "infinite": {**GOOD, "edges": np.full((1, 1, 2, 3), np.inf, np.float16)},
    "empty": {**GOOD, "edges": np.zeros((0, 1, 2, 3), np.float16)},
    "another size": {**GOOD, "edges": np.zeros((1, 1, 3, 3), np.float16)},
    "a tensor missing": {"edges": GOOD["edges"]},
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_is_not_an_embedding_fails_the_run_and_stores_nothing(
    kind: str, tmp_path: Path, orchard: cast.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(tmp_path / "made")
    encoder.release_if_idle(0)
    monkeypatch.setattr(encoder, "load", lambda folder: Nonsense(ANSWERS[kind]))
    image = uploaded(orchard, Pillow.new("RGB", (60, 40), (7, 7, 7)), "PNG")
    run = asked(image)
    dispatch.execute(str(run.id))
    encoder.release_if_idle(0)
    run.refresh_from_db()
    assert run.state == "failed" and run.error.startswith("The model's answer cannot be used: ")
    assert not Embedding.objects.exists()
    assert not any(path.is_file() for path in (store().root / "embeddings").rglob("*"))
    assert selectors.embedding_states([image])[image.id]["state"] == "failed"
