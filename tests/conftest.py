"""What every suite shares: the cast, API clients, and a data folder of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from tests import cast


@pytest.fixture
def ada(db: None) -> cast.User:
    """Ada owns the project "Orchard" and the instance."""
    return cast.person("ada", is_superuser=True, is_staff=True, can_create_projects=True)


@pytest.fixture
def orchard(ada: cast.User) -> cast.Project:
    """The project everybody in the cast but Eve belongs to, with two labels."""
    return cast.project("Orchard", owner=ada, labels=["apple", "leaf"])


@pytest.fixture
def ben(orchard: cast.Project) -> cast.User:
    """Ben annotates."""
    return cast.member("ben", orchard, "annotator")


@pytest.fixture
def cleo(orchard: cast.Project) -> cast.User:
    """Cleo reviews."""
    return cast.member("cleo", orchard, "reviewer")


@pytest.fixture
def dan(orchard: cast.Project) -> cast.User:
    """Dan may only look."""
    return cast.member("dan", orchard, "viewer")


@pytest.fixture
def max_(orchard: cast.Project) -> cast.User:
    """Max manages."""
    return cast.member("max", orchard, "manager")


@pytest.fixture
def eve(db: None) -> cast.User:
    """Eve owns another project and shares nothing with the rest."""
    eve = cast.person("eve", can_create_projects=True)
    cast.project("Elsewhere", owner=eve, labels=["thing"])
    return eve


@pytest.fixture
def picture(orchard: cast.Project) -> cast.Image:
    """One 60 x 40 image in Orchard; its row only, no files."""
    return cast.image(orchard, "tree.jpg", width=60, height=40)


@pytest.fixture
def as_user() -> Callable[[cast.User], APIClient]:
    """A client signed in as somebody: `as_user(ben).get("/api/v1/...")`."""

    def client(user: cast.User) -> APIClient:
        client = APIClient()
        client.force_authenticate(user)
        return client

    return client


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of shared test images; skips by name where SAMWEB_TEST_DATA is unset."""
    folder = os.environ.get("SAMWEB_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs the image sets: set SAMWEB_TEST_DATA")
    return Path(folder).resolve()


@pytest.fixture
def data_dir(tmp_path: Path, settings: object) -> Iterator[Path]:
    """A data folder for this test alone."""
    import dataclasses

    settings.SAMWEB = dataclasses.replace(settings.SAMWEB, data_dir=tmp_path)  # type: ignore[attr-defined]
    (tmp_path / "tmp").mkdir(exist_ok=True)
    yield tmp_path
