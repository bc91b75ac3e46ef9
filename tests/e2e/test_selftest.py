"""/selftest says in plain words what a browser lacks and what that costs."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.installation import Installation
from tests.e2e.test_objects import sign_in


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def expect_done(page: Page) -> None:
    expect(page.get_by_test_id("selftest-summary")).not_to_have_attribute("data-outcome", "running")


def expect_outcome(page: Page, check: str, outcome: str) -> None:
    expect(page.get_by_test_id(f"selftest-{check}")).to_have_attribute("data-outcome", outcome)


def test_signed_in_the_model_s_answers_are_compared_with_the_reference(
    installation: Installation, page: Page
) -> None:
    sign_in(installation, page)
    page.goto(f"{installation.url}/selftest")
    expect_done(page)
    for check in ("server", "secure", "isolation", "wasm", "decoder"):
        expect_outcome(page, check, "good")
    expect(page.get_by_test_id("selftest-decoder")).to_contain_text("reference masks")
    assert page.get_by_test_id("selftest-storage").get_attribute("data-outcome") in ("good", "warn")


def test_it_works_signed_out_and_says_what_it_could_not_test(
    installation: Installation, page: Page
) -> None:
    page.goto(f"{installation.url}/selftest")
    expect_done(page)
    expect_outcome(page, "server", "good")
    expect_outcome(page, "decoder", "skip")
    expect(page.get_by_test_id("selftest-decoder")).to_contain_text("Sign in")


def test_what_is_missing_is_named_with_what_it_costs(
    installation: Installation, page: Page
) -> None:
    page.add_init_script(
        """
        Object.defineProperty(window, 'isSecureContext', { get: () => false })
        Object.defineProperty(window, 'crossOriginIsolated', { get: () => false })
        indexedDB.open = () => { throw new Error('Access denied.') }
        """
    )
    page.goto(f"{installation.url}/selftest")
    expect_done(page)
    expect_outcome(page, "secure", "warn")
    expect_outcome(page, "isolation", "warn")
    expect(page.get_by_test_id("selftest-isolation")).to_contain_text("one thread")
    expect_outcome(page, "storage", "bad")
    expect(page.get_by_test_id("selftest-storage")).to_contain_text("Access denied.")
    expect(page.get_by_test_id("selftest-summary")).to_have_attribute("data-outcome", "bad")
