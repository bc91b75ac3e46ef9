"""The documentation names only what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import get_resolver

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ENVIRONMENT = (ROOT / "samweb" / "config" / "env.py").read_text()


def ids(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", page.read_text(encoding="utf-8")))
    assert named <= set(get_commands())


def test_every_variable_in_the_operator_guide_is_read() -> None:
    text = (ROOT / "docs" / "operator-guide.md").read_text()
    table = text.split("## Variables")[1].split("##")[0]
    names = re.findall(r"`([A-Z][A-Z_]+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.M)))
    assert len(names) > 10
    assert [name for name in names if f'"{name}"' not in ENVIRONMENT] == []


def test_every_endpoint_in_the_api_guide_exists() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    paths = set(re.findall(r"\$SAMWEB(/api/[^\s\"?]*)", text))
    assert len(paths) > 10
    resolver = get_resolver()
    for path in paths:
        concrete = re.sub(r"\$[A-Z]+", "00000000-0000-7000-8000-000000000000", path)
        view = resolver.resolve(concrete).func
        assert view.__module__ != "samweb.config.pages", path


def test_the_notice_is_complete_about_the_licence() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert "docs/training-data.md" in (ROOT / "NOTICE").read_text()
