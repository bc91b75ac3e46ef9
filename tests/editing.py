"""How tests write: masks, operations, batches. One word for each."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from rest_framework.test import APIClient

from samweb.core.ids import uuid7
from samweb.masks import rle
from tests import cast


def box(image: cast.Image, x: int = 5, y: int = 5, w: int = 10, h: int = 8) -> dict[str, Any]:
    """The wire form of a mask with one filled box."""
    mask = np.zeros((image.height, image.width), dtype=bool)
    mask[y : y + h, x : x + w] = True
    return {"size": [image.height, image.width], "counts": rle.encode(mask)}


def operation(kind: str, target: Any, base_version: int = 0, **payload: Any) -> dict[str, Any]:
    """One operation with a new id."""
    return {
        "id": str(uuid7()), "kind": kind, "target": str(target), "base_version": base_version,
        "payload": payload, "client_time": "2026-01-31T12:00:00Z", "active_ms": 1200, "clicks": 2,
        "tool": "prompt", "source": "editor",
    }  # fmt: skip


def creation(image: cast.Image, label: Any = None, **payload: Any) -> dict[str, Any]:
    """annotation.create of a box on an image."""
    payload.setdefault("mask", box(image))
    return operation(
        "annotation.create", uuid7(), image=str(image.id), layer="main",
        label=str(label.id) if label else None, **payload,
    )  # fmt: skip


def send(client: APIClient, project: cast.Project, *operations: Any) -> list[dict[str, Any]]:
    """POST a batch; returns its results."""
    response = client.post(
        f"/api/v1/projects/{project.id}/operations",
        json.dumps({"device": "test", "operations": operations}),
        content_type="application/json",
    )
    assert response.status_code == 200, response.data
    return response.json()["results"]


def sent(client: APIClient, project: cast.Project, *operations: Any) -> list[dict[str, Any]]:
    """POST a batch of which every operation must be applied; returns its results."""
    results = send(client, project, *operations)
    assert {result["status"] for result in results} == {"applied"}, results
    return results
