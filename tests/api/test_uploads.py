"""Uploading: every awkward real file, upright and in its colours; every bad one named."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from rest_framework.test import APIClient

from samweb.projects.raster import upright_rgb
from tests import cast

pytestmark = pytest.mark.django_db
REFUSED = {"empty.jpg", "not_an_image.png", "truncated.jpg"}
LARGE = {"huge_9000x9000.jpg", "panorama_12000x1200.jpg"}


def send(client: APIClient, project: cast.Project, *files: Any, **fields: Any) -> Any:
    """POST files as a browser does; returns the answer."""
    return client.post(
        f"/api/v1/projects/{project.id}/uploads", {"file": list(files), **fields},
        format="multipart",
    )  # fmt: skip


def named(name: str, content: bytes) -> io.BytesIO:
    """A file of that name, as the client library takes it."""
    file = io.BytesIO(content)
    file.name = name
    return file


def fetched(client: APIClient, url: str) -> tuple[bytes, Any]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content, answer


def test_every_real_photograph_is_taken_in_but_the_three_bad_ones_which_are_named(
    data: Path, data_dir: Path, ada: cast.User, orchard: cast.Project,
    as_user: Callable[[cast.User], APIClient],
) -> None:  # fmt: skip
    client = as_user(ada)
    paths = sorted(p for p in (data / "raw_photos").iterdir() if p.is_file())
    opened = [path.open("rb") for path in paths]
    rows = send(client, orchard, *opened).json()["results"]
    for file in opened:
        file.close()
    assert [row["name"] for row in rows] == [path.name for path in paths]
    assert {row["name"] for row in rows if row["status"] == "refused"} == REFUSED
    for path, row in zip(paths, rows, strict=True):
        if row["status"] == "refused":
            assert row["message"].startswith(path.name) and row["message"].count(". ") == 0
            continue
        image = row["image"]
        content, answer = fetched(client, image["pixels_url"])
        shown = Pillow.open(io.BytesIO(content))
        assert shown.size == (image["width"], image["height"])
        assert answer["Content-Type"] in ("image/jpeg", "image/png")
        assert not shown.getexif() and "comment" not in shown.info
        if path.name in LARGE:
            continue
        raster = upright_rgb(path, 10**9)
        assert image["pixels_sha256"] == hashlib.sha256(raster.tobytes()).hexdigest()
        difference = np.abs(np.asarray(shown, dtype=int) - raster)
        assert difference.mean() < 2, path.name
