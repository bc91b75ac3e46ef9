"""A bundle is what its hashes say, or it is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from workers.sam.bundle import (
    BundleError,
    bundle_id,
    find_bundle,
    load_bundle,
    shipped_bundles,
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped bundle in a folder that a test may spoil."""
    return Path(shutil.copytree(find_bundle().folder, tmp_path / "bundle"))


def test_the_id_is_the_hash_of_the_manifest_in_one_spelling(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    spelled = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    assert load_bundle(copy).id == hashlib.sha256(spelled).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest, indent=7))
    assert load_bundle(copy).id == bundle_id(manifest)


@pytest.mark.parametrize("graph", ["encoder", "prepare", "decode", "decode_with_mask"])
def test_one_changed_byte_is_refused(copy: Path, graph: str) -> None:
    path = copy / f"{graph}.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match="sha256 differs"):
        load_bundle(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "decode.onnx").unlink()
    with pytest.raises(BundleError, match=r"decode\.onnx is missing"):
        load_bundle(copy)


def test_a_file_outside_the_folder_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["graphs"]["decode"]["file"] = "../decode.onnx"
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="must lie in its folder"):
        load_bundle(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', "not json"])
def test_a_manifest_that_is_none_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text)
    with pytest.raises(BundleError):
        load_bundle(copy)


def test_a_bundle_is_found_by_name_by_id_and_by_folder(copy: Path) -> None:
    default = find_bundle()
    assert find_bundle("samweb-small").id == default.id
    assert find_bundle(default.id[:12]).id == default.id
    assert find_bundle(str(copy)).id == default.id
    with pytest.raises(BundleError, match="There is no bundle"):
        find_bundle("no-such-bundle")


def test_what_ships_is_small_and_says_where_it_comes_from() -> None:
    for bundle in shipped_bundles():
        assert sum(path.stat().st_size for path in bundle.folder.iterdir()) <= 14_000_000
        test_only = {"coco_cc_by", "coco_cc_by_sa", "fruits_nuts", "nuclei_dsb2018"}
        test_only |= {"solar_panels_gsi", "cardiac_mr_sunnybrook"}
        assert not test_only & set(bundle.manifest["training"]["data"])
        single = bundle.manifest["single_candidate"]
        assert bundle.manifest["candidates"][single] == "single"
