"""Outlines of procedural objects: each function draws one silhouette as a uint8 alpha map."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Rng = np.random.Generator
_SHIFT = 4  # cv2 draws with 1/16 px precision


def _fill(size: int, polygons: list[np.ndarray]) -> np.ndarray:
    canvas = np.zeros((size, size), np.uint8)
    rounded = [np.round(points * (1 << _SHIFT)).astype(np.int32) for points in polygons]
    cv2.fillPoly(canvas, rounded, 255, cv2.LINE_AA, _SHIFT)
    return canvas


def _rotated(points: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])


def blob(rng: Rng, size: int, centre: np.ndarray, radius: float) -> np.ndarray:
    """A closed contour of a few radial harmonics: from nearly round to lobed."""
    angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    roughness = rng.uniform(0.02, 0.45)
    radii = np.ones_like(angles)
    for harmonic in range(2, rng.integers(3, 9)):
        amplitude = roughness * rng.normal() / harmonic**0.8
        radii += amplitude * np.cos(harmonic * angles + rng.uniform(0, 2 * np.pi))
    radii = np.clip(radii, 0.2, 2.0) * radius
    points = np.stack([np.cos(angles) * radii, np.sin(angles) * radii * rng.uniform(0.45, 1)], 1)
    return _fill(size, [_rotated(points, rng.uniform(0, np.pi)) + centre])


def ellipse(rng: Rng, size: int, centre: np.ndarray, radius: float) -> np.ndarray:
    """A smooth ellipse: balls, plates, seeds, cells."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    power = rng.choice([1.0, 1.0, 0.6, 1.4])
    points = np.stack([np.cos(angles), np.sin(angles)], 1)
    points = np.sign(points) * np.abs(points) ** power * radius * [1, rng.uniform(0.35, 1)]
    return _fill(size, [_rotated(points, rng.uniform(0, np.pi)) + centre])


def polygon(rng: Rng, size: int, centre: np.ndarray, radius: float) -> np.ndarray:
    """A polygon with 3 to 9 corners, sometimes star-shaped."""
    corners = int(rng.integers(3, 10))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = radius * rng.uniform(0.4, 1.2, corners)
    return _fill(size, [np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] + centre])


def rectangle(rng: Rng, size: int, centre: np.ndarray, radius: float) -> np.ndarray:
    """A box, mostly upright, sometimes seen in perspective: windows, doors, books, screens."""
    half = radius * np.array([1, rng.uniform(0.3, 1)])
    points = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    points = points + rng.normal(0, 0.08 * radius, (4, 2)) * (rng.random() < 0.4)
    angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)], p=[0.35, 0.35, 0.3])
    return _fill(size, [_rotated(points, angle) + centre])


def thin(rng: Rng, size: int, centre: np.ndarray, radius: float) -> np.ndarray:
    """Curved strokes from a common origin: branches, legs, cables, roads."""
    canvas = np.zeros((size, size), np.uint8)
    start = centre.astype(float)
    for _ in range(rng.integers(1, 5)):
        heading, point = rng.uniform(0, 2 * np.pi), start.copy()
        width = max(1.5, radius * rng.uniform(0.06, 0.25))
        path = [point.copy()]
        for _ in range(8):
            heading += rng.normal(0, 0.35)
            point = point + radius / 5 * np.array([np.cos(heading), np.sin(heading)])
            path.append(point.copy())
        points = np.round(np.array(path) * (1 << _SHIFT)).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, round(width), cv2.LINE_AA, _SHIFT)
    return canvas


def compound(rng: Rng, size: int, centre: np.ndarray, radius: float) -> np.ndarray:
    """Several shapes that touch: a body with limbs, a cup with a handle."""
    alpha = blob(rng, size, centre, radius * 0.6)
    for _ in range(rng.integers(1, 5)):
        angle = rng.uniform(0, 2 * np.pi)
        offset = radius * rng.uniform(0.4, 0.8) * np.array([np.cos(angle), np.sin(angle)])
        limb = SIMPLE[rng.integers(len(SIMPLE))]
        alpha = np.maximum(alpha, limb(rng, size, centre + offset, radius * rng.uniform(0.15, 0.5)))
    return alpha


def ring(rng: Rng, size: int, centre: np.ndarray, radius: float) -> np.ndarray:
    """A shape with a hole in it."""
    outer = SIMPLE[rng.integers(len(SIMPLE))](rng, size, centre, radius)
    inner = ellipse(rng, size, centre, radius * rng.uniform(0.2, 0.55))
    return np.where(inner > 127, 255 - inner, outer).astype(np.uint8) & outer


SIMPLE: tuple[Callable[[Rng, int, np.ndarray, float], np.ndarray], ...] = (
    blob,
    ellipse,
    polygon,
    rectangle,
)
FAMILIES = (*SIMPLE, compound, compound, ring, thin)
