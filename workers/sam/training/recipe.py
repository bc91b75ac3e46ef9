"""Recipes: what a training run does in which share of its time, as data (recipes/*.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from workers.sam.training.data import BatchSettings

FOLDER = Path(__file__).resolve().parent / "recipes"
Shares = tuple[float, float]  # at the start and at the end of a run


class RecipeError(ValueError):
    """A recipe that cannot be followed; the message says why in one sentence."""


@dataclass(frozen=True)
class Stage:
    """A part of the run: until which share of the time, at which size, how many at once."""

    until: float
    size: int
    images: int


@dataclass(frozen=True)
class Distillation:
    """How a teacher is followed: workers/sam/training/distill.py."""

    embedding_until: float
    embedding_weight: float


@dataclass(frozen=True)
class Recipe:
    """See recipes/from_scratch.toml, which explains every entry."""

    name: str
    about: str
    minutes: float
    rate: float
    prompts: int
    ema: float
    refines: bool
    scenes: int
    real_share: Shares
    whole_share: Shares
    stages: tuple[Stage, ...]
    rounds: Mapping[int, float]
    set_shares: Mapping[str, float]
    distill: Distillation | None = None

    def stage(self, share: float) -> Stage:
        """The part of the run that a share of its time falls into."""
        return next(stage for stage in self.stages if share < stage.until)

    def batch(self, share: float, prompts: int) -> BatchSettings:
        """Towards the end more (or fewer) real pictures, and more of them whole."""
        stage = self.stage(share)
        real_share, whole = (
            first + (last - first) * share for first, last in (self.real_share, self.whole_share)
        )
        return BatchSettings(stage.size, stage.images, prompts, real_share=real_share, whole=whole)


def read_recipe(wanted: str) -> Recipe:
    """A recipe by the name of a file in recipes/, or by the path of a file of your own."""
    path = FOLDER / f"{wanted}.toml"
    if not path.is_file():
        path = Path(wanted)
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.toml")))
        raise RecipeError(f"There is no recipe {wanted!r}; known: {known}, or a TOML file.")
    try:
        return recipe_of(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise RecipeError(f"{path} is not TOML: {problem}.") from None
    except (TypeError, ValueError, KeyError) as problem:
        raise RecipeError(f"The recipe {path.stem!r} cannot be followed: {problem}.") from None


def recipe_of(name: str, given: dict[str, Any]) -> Recipe:
    """A recipe from what its file says. Raises ValueError, TypeError or KeyError."""
    known = {field.name for field in fields(Recipe)} - {"name"}
    if unknown := sorted(given.keys() - known):
        raise ValueError(f"it has {unknown[0]!r}, which means nothing")
    if missing := sorted(known - {"distill"} - given.keys()):
        raise ValueError(f"it lacks {missing[0]!r}")
    distill = given.get("distill")
    recipe = Recipe(
        name,
        **{
            **given,
            "stages": tuple(Stage(**stage) for stage in given["stages"]),
            "rounds": {int(count): float(often) for count, often in given["rounds"].items()},
            "real_share": _shares(given["real_share"]),
            "whole_share": _shares(given["whole_share"]),
            "distill": Distillation(**distill) if distill else None,
        },
    )
    _check(recipe)
    return recipe


def _shares(given: list[float]) -> Shares:
    first, last = (float(value) for value in given)
    if not (0 <= first <= 1 and 0 <= last <= 1):
        raise ValueError(f"{given} are not two shares from 0 to 1")
    return first, last


def _check(recipe: Recipe) -> None:
    ends = [stage.until for stage in recipe.stages]
    if not ends or ends != sorted(ends) or ends[-1] < 1:
        raise ValueError("its stages must follow each other and reach the end (until >= 1)")
    if any(stage.size % 32 or stage.size < 64 for stage in recipe.stages):
        raise ValueError("a stage's size must be a multiple of 32 pixels, 64 or more")
    if any(stage.images < 1 for stage in recipe.stages) or recipe.prompts < 1:
        raise ValueError("a stage needs an image, and an image a prompt")
    if abs(sum(recipe.rounds.values()) - 1) > 1e-6 or min(recipe.rounds) < 1:
        raise ValueError("rounds must be shares that add up to 1, of one round or more")
    if not (recipe.minutes > 0 and recipe.rate > 0 and 0 <= recipe.ema < 1):
        raise ValueError("minutes and rate must be above 0, ema from 0 to below 1")
