"""COCO instances: `instances.json` with RLE masks, `instances_polygons.json` with polygons."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from samweb.exports import outlines
from samweb.exports.archive import Archive
from samweb.exports.dataset import Dataset, Object, Picture
from samweb.exports.formats import Mismatch, Tick
from samweb.masks import rle

RULES = [
    "instances.json holds every object as compressed RLE, pixel for pixel.",
    "instances_polygons.json holds the same objects as polygons along pixel edges, which give back "
    "exactly their pixels; an object with a hole and a crowd stay RLE there.",
    'Objects without a label have the category "(no label)"; labels deleted since keep theirs.',
    "Objects with an empty mask are left out.",
]
PASSES = 4
MAIN, POLYGONS = "instances.json", "instances_polygons.json"


def write(dataset: Dataset, archive: Archive, tick: Tick) -> None:
    """Write both files. One image is in memory at a time."""
    for name, shape in ((MAIN, _rle), (POLYGONS, _polygons)):
        with archive.member(name) as file:
            _write(file, dataset, shape, tick)


def _write(
    file: IO[bytes], dataset: Dataset, shape: Callable[[Object, Picture], Any], tick: Tick
) -> None:
    for index, (key, value) in enumerate(_top(dataset).items()):
        file.write((b"" if index else b"{") + b'"' + key.encode() + b'": ' + _json(value) + b",\n")
    file.write(b'"images": [\n')
    _lines(file, (_image(picture, dataset) for picture in dataset.pictures()))
    file.write(b'\n],\n"annotations": [\n')
    _lines(file, _annotations(dataset, shape, tick))
    file.write(b"\n]}\n")


def _lines(file: IO[bytes], items: Iterator[dict[str, Any]]) -> None:
    """Items of a JSON list, one a line, so that it can be read back as it was written."""
    for index, item in enumerate(items):
        file.write((b",\n" if index else b"") + _json(item))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()


def _info(dataset: Dataset) -> dict[str, Any]:
    header = dataset.header
    return {
        "description": header.project_name,
        "version": str(header.seq),
        "samweb": {
            "project": header.project, "seq": header.seq, "include": header.include,
            "labels": header.labels, "layer": "main",
        },
    }  # fmt: skip


def _category(category: Any) -> dict[str, Any]:
    return {
        "id": category.number, "name": category.name, "supercategory": category.parent,
        "isthing": int(category.kind == "thing"), "colour": category.colour,
        "samweb_id": category.label,
    }  # fmt: skip


def _image(picture: Picture, dataset: Dataset) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": picture.number, "file_name": picture.file_name, "width": picture.width,
        "height": picture.height, "samweb_id": picture.id, "name": picture.name,
        "folder": picture.folder, "pixels_sha256": picture.pixels_sha256,
        "state": picture.state, "nothing_to_label": picture.nothing_to_label,
        "split": picture.split, "external_id": picture.external_id,
        "attributes": picture.attributes,
    }  # fmt: skip
    if picture.licence:
        item["license"] = dataset.header.licences[picture.licence]
    if picture.credit:
        item["credit"] = picture.credit
    return item


def _annotations(
    dataset: Dataset, shape: Callable[[Object, Picture], Any], tick: Tick
) -> Iterator[dict[str, Any]]:
    number = 0
    for picture in dataset.pictures():
        for thing in picture.objects:
            number += 1
            yield {
                "id": number, "image_id": picture.number, "category_id": thing.category,
                "segmentation": shape(thing, picture), "area": thing.area, "bbox": thing.bbox,
                "iscrowd": int(thing.iscrowd), "attributes": thing.attributes,
                "track": thing.track, "samweb_id": thing.id, "version": thing.version,
                "verdict": thing.verdict,
            }  # fmt: skip
        tick()


def _rle(thing: Object, picture: Picture) -> dict[str, Any]:
    return {"size": [picture.height, picture.width], "counts": thing.counts}


def _polygons(thing: Object, picture: Picture) -> Any:
    """The outlines as COCO polygons where they say the same as the mask, else the RLE."""
    if thing.iscrowd:
        return _rle(thing, picture)
    counts = rle.counts_of(thing.counts, picture.height, picture.width)
    polygons = outlines.of_mask(counts, picture.height, picture.width)
    return polygons if polygons is not None else _rle(thing, picture)


def check(dataset: Dataset, archive: zipfile.ZipFile, tick: Tick) -> dict[str, Any]:
    """Read both files back and compare every object with the stored mask. Raises Mismatch."""
    report = {"rules": RULES}
    report |= _check(dataset, archive, MAIN, tick)
    polygons = _check(dataset, archive, POLYGONS, tick)
    report["polygons"] = polygons["polygons"]
    report["rle_in_polygons_file"] = polygons["objects"] - polygons["polygons"]
    return report


def _check(dataset: Dataset, archive: zipfile.ZipFile, name: str, tick: Tick) -> dict[str, Any]:
    with archive.open(name) as file:
        top, images, annotations = _sections(file, name)
        _compare(top, _top(dataset), name)
        for picture in dataset.pictures():
            where = f"{name}: image {picture.number}"
            _compare(next(images, None), _image(picture, dataset), where)
        if next(images, None) is not None:
            raise Mismatch(f"{name} has more images than the project")
        per_label, polygons = dict.fromkeys((c.name for c in dataset.header.categories), 0), 0
        names = {c.number: c.name for c in dataset.header.categories}
        number = 0
        for picture in dataset.pictures():
            for thing in picture.objects:
                number += 1
                item = next(annotations, None)
                where = f"{name}: annotation {number} ({thing.id})"
                if item is None or (item["id"], item["image_id"]) != (number, picture.number):
                    raise Mismatch(f"{where} is missing or out of place")
                polygons += _compare_object(item, thing, picture, where)
                per_label[names[thing.category]] += 1
            tick()
        if next(annotations, None) is not None:
            raise Mismatch(f"{name} has more annotations than the project")
    return {
        "images": dataset.header.pictures, "objects": number, "per_label": per_label,
        "min_iou": 1.0 if number else None, "polygons": polygons,
    }  # fmt: skip


def _top(dataset: Dataset) -> dict[str, Any]:
    licences = [{"id": n, "name": name, "url": ""} for name, n in dataset.header.licences.items()]
    return {
        "info": _info(dataset),
        "licenses": licences,
        "categories": [_category(c) for c in dataset.header.categories],
    }


def _sections(
    file: IO[bytes], name: str
) -> tuple[dict[str, Any], Iterator[dict[str, Any]], Iterator[dict[str, Any]]]:
    """Parse as a stream: the small parts at once, images and annotations one by one."""
    head = b"".join(file.readline() for _ in range(3)).rstrip().removesuffix(b",")
    top = json.loads(head + b"}")
    if file.readline() != b'"images": [\n':
        raise Mismatch(f"{name}: no list of images where it should be")

    def images() -> Iterator[dict[str, Any]]:
        yield from _items(file, b"],\n", name)
        if file.readline() != b'"annotations": [\n':
            raise Mismatch(f"{name}: no list of annotations where it should be")

    def annotations() -> Iterator[dict[str, Any]]:
        yield from _items(file, b"]}\n", name)
        if file.read(1):
            raise Mismatch(f"{name}: something follows the end")

    return top, images(), annotations()


def _items(file: IO[bytes], end: bytes, name: str) -> Iterator[dict[str, Any]]:
    while True:
        line = file.readline()
        if line == end:
            return
        if not line:
            raise Mismatch(f"{name} ends too early")
        if line != b"\n":
            yield json.loads(line.rstrip(b"\n").removesuffix(b","))


def _compare(found: Any, stored: Any, where: str) -> None:
    if found != stored:
        raise Mismatch(f"{where} does not say what is stored")


def _compare_object(item: dict[str, Any], thing: Object, picture: Picture, where: str) -> bool:
    """Compare pixels, area, box and label with what is stored; True where it was a polygon."""
    height, width = picture.height, picture.width
    stored = rle.counts_of(thing.counts, height, width)
    shape = item["segmentation"]
    is_polygon = isinstance(shape, list)
    if is_polygon:
        found = outlines.to_mask(shape, height, width)
    else:
        _compare(shape["size"], [height, width], where)
        found = rle.counts_of(shape["counts"], height, width)
    if rle.iou(found, stored) != 1.0:
        raise Mismatch(f"{where}: the mask is not the stored one")
    _compare(item["area"], rle.area(found), f"{where}: area")
    _compare(item["bbox"], rle.bbox(found, height), f"{where}: bbox")
    _compare(item["category_id"], thing.category, f"{where}: label")
    _compare(item["iscrowd"], int(thing.iscrowd), f"{where}: iscrowd")
    return is_polygon
