"""A scripted annotator: random edits from a seed, every batch retried until it is answered."""

from __future__ import annotations

import http.client
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np

from samweb.masks import rle
from tests.kill.server import Server

BUSY = {503}


@dataclass
class Object:
    """What the editor believes one object to be."""

    version: int
    mask: str
    attributes: dict[str, Any]
    label: str | None
    deleted: bool = False


@dataclass
class Editor:
    """Edits in a project of its own making; `acknowledged` is what the server has promised."""

    server: Server
    world: dict[str, Any]
    seed: int
    objects: dict[str, Object] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    retries: int = 0
    duplicates: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def identifier(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def edit(self, die: str = "") -> None:
        """Make a batch, send it (the first time with a wish to die), and retry until answered."""
        batch = [self._operation() for _ in range(self.random.randint(1, 6))]
        self.sent |= {op["id"]: op for op in batch}
        path = f"/api/v1/projects/{self.world['project']}/operations"
        headers = {"Authorization": f"Bearer {self.world['token']}"}
        first = {"X-Die": die} if die else {}
        while True:
            try:
                status, answer = self.server.request(
                    "POST", path, {"device": "kill", "operations": batch}, **headers, **first
                )
            except (OSError, http.client.HTTPException):
                self.retries += 1
                first = {}
                self.server.wait_until_up()
                continue
            if status in BUSY:
                continue
            assert status == 200, (status, answer)
            break
        for op, result in zip(batch, answer["results"], strict=True):
            assert result["status"] in ("applied", "duplicate"), (op["kind"], result)
            self.duplicates += result["status"] == "duplicate"
            self.acknowledged[op["id"]] = result

    def _operation(self) -> dict[str, Any]:
        chosen = self.random.choice(["create", "create", "update", "patch", "relabel", "delete"])
        live = [id for id, one in self.objects.items() if not one.deleted]
        gone = [id for id, one in self.objects.items() if one.deleted]
        if gone and self.random.random() < 0.2:
            return self._changed("restore", self.random.choice(gone), {}, deleted=False)
        if chosen == "create" or not live:
            return self._create()
        target = self.random.choice(live)
        if chosen == "delete":
            return self._changed("delete", target, {}, deleted=True)
        if chosen == "relabel":
            label = self.random.choice([*self.world["labels"], None])
            attributes = {"n": self.random.randint(0, 99)}
            fields = {"label": label, "attributes": attributes}
            return self._changed("update", target, fields, label=label, attributes=attributes)
        if chosen == "patch":
            return self._patch(target)
        mask = self._mask()
        return self._changed("update", target, {"mask": self._wire(mask)}, mask=mask)

    def _create(self) -> dict[str, Any]:
        target, mask = self.identifier(), self._mask()
        label = self.random.choice(self.world["labels"])
        self.objects[target] = Object(1, mask, {}, label)
        payload = {
            "image": self.random.choice(self.world["images"]), "layer": "main", "label": label,
            "mask": self._wire(mask),
        }  # fmt: skip
        return self._operation_of("create", target, 0, payload)

    def _patch(self, target: str) -> dict[str, Any]:
        one, height, width = self.objects[target], self.world["height"], self.world["width"]
        before = rle.decode(one.mask, height, width)
        after = before.copy()
        after[3:20, 5:25] ^= rle.decode(self._mask(), height, width)[3:20, 5:25]
        if not after.any():
            after = before
        patch = {
            "bbox": [5, 3, 20, 17], "counts": rle.encode((before ^ after)[3:20, 5:25]),
            "base_version": one.version,
        }  # fmt: skip
        return self._changed("update", target, {"mask_patch": patch}, mask=rle.encode(after))

    def _changed(
        self, action: str, target: str, payload: dict[str, Any], **now: Any
    ) -> dict[str, Any]:
        one = self.objects[target]
        base, one.version = one.version, one.version + 1
        for name, value in now.items():
            setattr(one, name, value)
        return self._operation_of(action, target, base, payload)

    def _operation_of(
        self, action: str, target: str, base: int, payload: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "id": self.identifier(), "kind": f"annotation.{action}", "target": target,
            "base_version": base, "payload": payload,
        }  # fmt: skip

    def _mask(self) -> str:
        height, width = self.world["height"], self.world["width"]
        mask = np.zeros((height, width), dtype=bool)
        for _ in range(self.random.randint(1, 3)):
            x, y = self.random.randrange(width), self.random.randrange(height)
            mask[y : y + self.random.randint(1, 30), x : x + self.random.randint(1, 30)] = True
        return rle.encode(mask)

    def _wire(self, mask: str) -> dict[str, Any]:
        return {"size": [self.world["height"], self.world["width"]], "counts": mask}
