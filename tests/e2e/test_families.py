"""Every family goes the whole way: an official checkpoint's file, a bundle, an embedding that the
worker makes, a click in Chromium; and the mask is the one that PyTorch draws.

Random weights and shallow encoders (the decoders are whole), so masks are noise: a mask that agrees
in noise agrees.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, expect

from samweb.masks import rle
from tests.e2e.editor import Editor
from tests.e2e.installation import PASSWORD, Installation, Script
from tests.e2e.test_journey import iou
from workers.sam.evaluation import read_image
from workers.sam.predictor import upscale_logits
from workers.sam.preprocess import Square, image_to_model, preprocess

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")

from workers.sam.checkpoints import importing  # noqa: E402
from workers.sam.families import build  # noqa: E402

VIT = {"dim": 32, "depth": 2, "heads": 2, "global_blocks": (1,)}
FAMILIES: dict[str, dict[str, Any]] = {
    "sam-vit-b": VIT,
    "mobile-sam": {},
    "sam2.1-hiera-tiny": {"stages": (1, 1, 1, 1), "global_blocks": (2,)},
    "hq-sam-vit-b": VIT,
    "efficient-sam-ti": {},
}
CLICK = (575.0, 265.0)


def shallow(name: str) -> Any:
    torch.manual_seed(3)
    model = build(name, **FAMILIES[name]).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


def imported(name: str, folder: Path) -> tuple[Path, Any]:
    """The bundle that is made of a checkpoint file, and the model that was in the file."""
    model = shallow(name)
    torch.save(model.state_dict(), folder / "checkpoint.pt")
    (folder / "work").mkdir()
    ways = importing.Ways(shallow, importing.standard_ways().export)
    found = importing.import_file(
        folder / "checkpoint.pt", folder / "work", variant=name, name=f"our-{name}", ways=ways
    )
    assert found.variant == name
    return found.bundle.folder, model


def project_of(installation: Installation, script: Script, bundle: Path, name: str) -> str:
    """A project that draws with the bundle, taken in as an operator takes one in."""
    said = installation.manage("models", "import", str(bundle))
    assert "is here" in said
    bundles = script.get("/api/v1/bundles")["results"]
    chosen = next(row["id"] for row in bundles if row["name"] == f"our-{name}")
    project = script.post("/api/v1/projects", {"name": name, "labels": [{"name": "date"}]})
    script.request(
        "PATCH", f"/api/v1/projects/{project['id']}", {"bundle": chosen},
        **{"If-Match": f'"{project["version"]}"'},
    )  # fmt: skip
    return str(project["id"])


def drawn_by_torch(model: Any, photograph: Path, candidate: int) -> np.ndarray:
    """The same click through the PyTorch model, the embedding rounded as it is stored."""
    image = read_image(photograph)
    size, how = (image.shape[1], image.shape[0]), model.spec.preprocessing
    side = Square(how.input_size, how.resize == "stretch")
    with torch.no_grad():
        embedding = model.encode(torch.from_numpy(preprocess(image, side))[None])
        logits, _ = model.decode(
            tuple(tensor.half().float() for tensor in embedding),
            torch.from_numpy(image_to_model(np.array([CLICK]), size, side))[None],
            torch.ones(1, 1),
        )
    return upscale_logits(logits[0, candidate].numpy(), size, side) > 0


@pytest.mark.parametrize("name", FAMILIES)
def test_a_checkpoint_becomes_a_mask_in_the_browser(
    installation: Installation, script: Script, context: BrowserContext, photograph: Path,
    tmp_path: Path, name: str,
) -> None:  # fmt: skip
    bundle, model = imported(name, tmp_path)
    project = project_of(installation, script, bundle, name)
    (row,) = script.upload(project, photograph)
    image = row["image"]["id"]
    path = f"/api/v1/images/{image}/embedding"
    installation.wait_for(lambda: script.get(path)["state"] == "ready", 120, "the embedding")

    page = context.new_page()
    page.goto(installation.url + "/sign-in")
    page.get_by_test_id("sign-in-username").fill("ada")
    page.get_by_test_id("sign-in-password").fill(PASSWORD)
    page.get_by_test_id("sign-in-submit").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto(f"{installation.url}/projects/{project}/images/{image}")
    editor = Editor(page)
    editor.wait_until_ready()
    page.keyboard.press("Shift+E")  # as the model draws it
    editor.click(*CLICK)
    assert editor.hook("decoder.where") == "worker"
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("object-row")).to_have_count(1)

    path = f"/api/v1/images/{image}/annotations"
    (made,) = installation.wait_for(lambda: script.get(path)["results"], 30, "the mask")
    (step,) = made["recipe"]["steps"]
    found = rle.decode(made["mask"]["counts"], *made["mask"]["size"]).astype(bool)
    assert iou(found, drawn_by_torch(model, photograph, step["candidate"])) >= 0.98
