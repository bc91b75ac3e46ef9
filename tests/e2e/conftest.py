"""One installation and one Chromium for the whole browser suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.e2e.desk import Desk
from tests.e2e.editor import Editor
from tests.e2e.installation import CHROMIUM_FLAGS, Installation, Script, chromium_path
from tests.e2e.test_journey import Harvest, sign_in


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Started by the launcher of `make run`, with the demo project and the shipped bundle."""
    running = Installation(tmp_path_factory.mktemp("installation")).start()
    yield running
    running.stop()
    print(running.output)  # pytest shows it where a test of the session failed


@pytest.fixture(scope="session")
def script(installation: Installation) -> Script:
    """Ada's token at the REST API."""
    return Script(installation)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile at 1440 x 900."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture(scope="session")
def photograph() -> Path:
    """A test-split photograph that the shipped model never saw."""
    return Path(__file__).parent / "data" / "dates.jpg"


@pytest.fixture
def desk(
    installation: Installation, script: Script, context: BrowserContext, photograph: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Desk]:  # fmt: skip
    name = request.node.name.removeprefix("test_")[:40].replace("_", "-")
    harvest = Harvest(script, photograph, name)
    page = context.new_page()
    sign_in(page, installation, harvest.annotator_name)
    page.goto(f"{installation.url}/jobs/{harvest.job}/{harvest.image}")
    editor = Editor(page)
    editor.wait_until_ready()
    yield Desk(editor, harvest, installation)
