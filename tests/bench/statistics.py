"""How the figures are summed up."""

from __future__ import annotations

from statistics import median


def spread(samples: list[float]) -> dict[str, float]:
    """Median, 95th percentile and best of the samples, and how many there were."""
    ordered = sorted(samples)
    return {
        "median": round(median(ordered), 2),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 2),
        "best": round(ordered[0], 2),
        "n": len(ordered),
    }


def paired_ratio(first: list[float], second: list[float]) -> float:
    """Median over the rounds of first / second of the same round."""
    return round(median(a / b for a, b in zip(first, second, strict=True)), 3)
