"""The admin's page about models and workers, as the admin sees it."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from tests.e2e.installation import PASSWORD, Installation, Script


def test_the_admin_sees_models_and_workers_and_embeds_a_project_again(
    installation: Installation, script: Script, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{installation.url}/sign-in")
    page.get_by_test_id("sign-in-username").fill("ada")
    page.get_by_test_id("sign-in-password").fill(PASSWORD)
    page.get_by_test_id("sign-in-submit").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto(f"{installation.url}/instance")

    expect(page.get_by_role("heading", name="1 worker")).to_be_visible()
    model = page.get_by_role("row").filter(has_text="samweb-small").first
    expect(model).to_contain_text("default")
    demo = page.get_by_role("row").filter(has_text="Demo")
    expect(demo).to_contain_text("8 of 8")
    projects = {row["name"]: row["id"] for row in script.get("/api/v1/projects")["results"]}
    demo.get_by_role("button", name="Embed again").click()

    def finished() -> bool:
        runs = script.get(f"/api/v1/projects/{projects['Demo']}/runs")["results"]
        return any(run["kind"] == "embed_missing" and run["state"] == "done" for run in runs)

    installation.wait_for(finished, 60, "the project to be embedded again")
    expect(demo).to_contain_text("8 of 8")
