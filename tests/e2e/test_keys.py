"""The keyboard: own keys, the palette's commands, and a name for every control."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.installation import Installation, Script
from tests.e2e.test_objects import SPOTS, Garden, rows, sign_in

NAMELESS = """() => {
  const shown = (element) => element.getClientRects().length > 0
  const nameOf = (element) => {
    const by = element.getAttribute('aria-labelledby')
    const labels = element.labels ? [...element.labels].map((one) => one.textContent) : []
    const image = element.querySelector('img[alt]')
    return [element.getAttribute('aria-label'), by && document.getElementById(by)?.textContent,
            ...labels, element.textContent, element.title, image?.alt]
      .some((words) => words && words.trim())
  }
  // A select's text is its options, and an input has none: these need a label of their own.
  const named = (element) => element.matches('select, textarea')
    ? element.hasAttribute('aria-label') || element.labels.length > 0 : nameOf(element)
  return [...document.querySelectorAll('button, a[href], input, select, textarea, [role=button]')]
    .filter((element) => shown(element) && element.type !== 'hidden' && !named(element))
    .map((element) => element.outerHTML.slice(0, 160))
}"""


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def test_a_key_of_one_s_own_works_here_and_in_every_other_browser(
    installation: Installation, script: Script, page: Page, photograph: Path, chromium: object
) -> None:
    garden = Garden(script, photograph, "Keys")
    script.post("/api/v1/users", {"username": "kim", "password": "an orchard in the rain"})
    member = {"username": "kim", "role": "annotator"}
    script.post(f"/api/v1/projects/{garden.project}/memberships", member)
    sign_in(installation, page, "kim")
    page.goto(f"{installation.url}/account")
    brush = page.get_by_test_id("key-tool-brush")
    brush.get_by_role("button", name="Change the key").click()
    page.keyboard.press("v")
    expect(brush.get_by_role("alert")).to_contain_text("V is the key of “Select”")
    with page.expect_response("**/session/user") as saved:
        brush.get_by_role("button", name="Take it from there").click()
    assert saved.value.ok
    expect(page.get_by_test_id("key-tool-select")).to_contain_text("no key")

    other = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()  # type: ignore[attr-defined]
    sign_in(installation, other, "kim")
    other.goto(f"{installation.url}/projects/{garden.project}/images/{garden.image['id']}")
    tool = other.get_by_role("button", name="Brush (V)")
    expect(tool).to_have_attribute("aria-pressed", "false")
    other.keyboard.press("v")
    expect(tool).to_have_attribute("aria-pressed", "true")


def test_the_palette_does_what_the_editor_can(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Palette")
    garden.plant("date", (100, 100, 30, 30), (200, 100, 30, 30))
    garden.open(installation, page)
    page.keyboard.press("Control+k")
    page.keyboard.type("select all")
    expect(page.get_by_role("button", name="Select all objects of the list")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("chosen-count")).to_contain_text("2 objects")


@pytest.mark.parametrize("where", ["editor", "settings", "account", "home", "jobs", "selftest"])
def test_every_control_has_a_name_that_can_be_read_aloud(
    where: str, installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, f"Names {where}", SPOTS)
    garden.plant("date", (100, 100, 30, 30))
    if where == "editor":
        garden.open(installation, page)
        rows(page).first.click()
        page.get_by_label("Filter the objects").click()
        page.get_by_role("button", name="Brightness, colours, rulers").click()
        page.keyboard.press("/")
    else:
        sign_in(installation, page)
        project = f"projects/{garden.project}"
        path = {"home": "", "settings": f"{project}/settings", "jobs": f"{project}/jobs"}
        page.goto(f"{installation.url}/{path.get(where, where)}")
        expect(page.get_by_role("button").first).to_be_visible()
    assert page.evaluate(NAMELESS) == []
