"""PNG masks: for each image an index of objects and an index of labels, and tables of both."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from samweb.exports.archive import Archive
from samweb.exports.dataset import Dataset, Object, Picture
from samweb.exports.formats import Mismatch, Tick
from samweb.exports.names import cell
from samweb.masks import rle

RULES = [
    "instances/<image>.png: pixel value n is object n of the image (8 bits, or 16 when there are "
    "more than 255 objects); 0 is background.",
    "labels/<image>.png: pixel value n is the label with index n in labels.csv; 0 is background.",
    "Where objects overlap, the smaller one is on top. An object that loses pixels to another "
    "has a mask of its own besides, whole: objects/<image>/<n>.png.",
    'Objects without a label have the label "(no label)"; labels deleted since keep theirs.',
    "Objects with an empty mask are left out.",
]
PASSES = 2
Canvas = NDArray[Any]  # uint8 or uint16; flat, column-major like RLE
_MOST_OBJECTS = 65_535
_COLOURS = [(i * 67 % 200 + 56, i * 131 % 200 + 56, i * 193 % 200 + 56) for i in range(256)]


class TooManyObjects(Mismatch):
    """An image has more objects than 16 bits can number."""


def write(dataset: Dataset, archive: Archive, tick: Tick) -> None:
    """Write all members. One image is in memory at a time."""
    _write_labels(dataset, archive)
    palette = [_rgb(category.colour) for category in dataset.header.categories]
    for picture in dataset.pictures():
        canvas, hidden = _paint(picture)
        file = f"{picture.file_name}.png"
        _write_png(archive, f"instances/{file}", canvas, picture, _COLOURS[1:])
        lookup = _label_lookup(picture, len(palette))
        _write_png(archive, f"labels/{file}", lookup[canvas], picture, palette)
        for index in hidden:
            whole = _flat(picture.objects[index - 1], picture)
            _write_png(archive, f"objects/{picture.file_name}/{index}.png", whole, picture, None)
        tick()
    _write_manifest(dataset, archive)


def _paint(picture: Picture) -> tuple[Canvas, list[int]]:
    """Object numbers by pixel, the smallest on top, and the numbers of those that lost pixels."""
    count = len(picture.objects)
    if count > _MOST_OBJECTS:
        raise TooManyObjects(f"{picture.name} has {count} objects; PNG can number {_MOST_OBJECTS}.")
    canvas = np.zeros(picture.width * picture.height, np.uint8 if count < 256 else np.uint16)
    order = sorted(range(count), key=lambda i: (-picture.objects[i].area, i))
    for index in order:
        for start, end in _spans(picture.objects[index], picture):
            canvas[start:end] = index + 1
    seen = np.bincount(canvas, minlength=count + 1)
    return canvas, [i for i in range(1, count + 1) if seen[i] < picture.objects[i - 1].area]


def _spans(thing: Object, picture: Picture) -> list[tuple[int, int]]:
    counts = rle.counts_of(thing.counts, picture.height, picture.width)
    starts, ends = rle.spans(counts)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _flat(thing: Object, picture: Picture) -> NDArray[np.bool_]:
    counts = rle.counts_of(thing.counts, picture.height, picture.width)
    return rle.mask_of(counts, picture.height, picture.width).T.reshape(-1)


def _label_lookup(picture: Picture, labels: int) -> Canvas:
    """Label index by object number; 0 for the background."""
    numbers = [0, *(thing.category for thing in picture.objects)]
    return np.array(numbers, dtype=np.uint8 if labels < 256 else np.uint16)


def _write_png(
    archive: Archive, name: str, flat: NDArray[Any], picture: Picture,
    palette: list[tuple[int, int, int]] | None,
) -> None:  # fmt: skip
    """One PNG from column-major pixels: bool as 1 bit, uint8 with a palette, uint16 grey."""
    rows = np.ascontiguousarray(flat.reshape(picture.width, picture.height).T)
    image = Pillow.fromarray(rows)
    if rows.dtype == np.uint8 and palette is not None:
        image.putpalette([0, 0, 0, *(value for colour in palette[:255] for value in colour)])
    with archive.member(name, packed=True) as file:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        file.write(buffer.getbuffer())


def _rgb(colour: str) -> tuple[int, int, int]:
    value = int(colour.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def _write_labels(dataset: Dataset, archive: Archive) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(["index", "name", "colour", "kind", "parent", "samweb_id"])
    for label in dataset.header.categories:
        row = [label.name, label.colour, label.kind, label.parent, label.label or ""]
        table.writerow([label.number, *map(cell, row)])
    with archive.member("labels.csv") as file:
        file.write(text.getvalue().encode())


def _write_manifest(dataset: Dataset, archive: Archive) -> None:
    header = dataset.header
    top = {
        "project": {"id": header.project, "name": header.project_name, "seq": header.seq},
        "include": header.include, "only_labels": header.labels, "layer": "main", "rules": RULES,
        "labels": [
            {"index": c.number, "name": c.name, "colour": c.colour, "kind": c.kind,
             "parent": c.parent, "samweb_id": c.label}
            for c in header.categories
        ],
    }  # fmt: skip
    with archive.member("manifest.json") as file:
        head = json.dumps(top, ensure_ascii=False, indent=1, sort_keys=True).removesuffix("\n}")
        file.write(head.encode() + b',\n "images": [')
        for index, picture in enumerate(dataset.pictures()):
            file.write(b",\n" if index else b"\n")
            line = json.dumps(_entry(picture), ensure_ascii=False, sort_keys=True)
            file.write(line.encode())
        file.write(b"\n ]\n}\n")


def _entry(picture: Picture) -> dict[str, Any]:
    return {
        "file_name": picture.file_name, "samweb_id": picture.id, "name": picture.name,
        "folder": picture.folder, "width": picture.width, "height": picture.height,
        "pixels_sha256": picture.pixels_sha256, "state": picture.state, "split": picture.split,
        "nothing_to_label": picture.nothing_to_label, "external_id": picture.external_id,
        "attributes": picture.attributes, "licence": picture.licence, "credit": picture.credit,
        "objects": [
            {"number": number, "label": thing.category, "samweb_id": thing.id,
             "area": thing.area, "bbox": thing.bbox, "iscrowd": thing.iscrowd,
             "attributes": thing.attributes, "track": thing.track, "version": thing.version,
             "verdict": thing.verdict}
            for number, thing in enumerate(picture.objects, 1)
        ],
    }  # fmt: skip


def check(dataset: Dataset, archive: zipfile.ZipFile, tick: Tick) -> dict[str, Any]:
    """Decode every PNG and compare each object with the stored mask. Raises Mismatch."""
    names = {category.number: category.name for category in dataset.header.categories}
    per_label = dict.fromkeys(names.values(), 0)
    members, objects, whole_files = set(archive.namelist()), 0, 0
    for picture in dataset.pictures():
        file = f"{picture.file_name}.png"
        canvas = _read_png(archive, f"instances/{file}", picture)
        labels = _read_png(archive, f"labels/{file}", picture)
        if not np.array_equal(labels, _label_lookup(picture, len(names))[canvas]):
            raise Mismatch(f"labels/{file} does not agree with instances/{file}")
        seen = np.bincount(canvas, minlength=len(picture.objects) + 1)
        for number, thing in enumerate(picture.objects, 1):
            own = f"objects/{picture.file_name}/{number}.png"
            if own in members:
                whole_files += 1
                _check_whole(_read_png(archive, own, picture), number, thing, picture)
            else:
                _check_painted(canvas, int(seen[number]), number, thing, picture)
            per_label[names[thing.category]] += 1
            objects += 1
        tick()
    _check_manifest(dataset, archive)
    return {
        "rules": RULES, "images": dataset.header.pictures, "objects": objects,
        "per_label": per_label, "min_iou": 1.0 if objects else None,
        "overlapped_objects": whole_files,
    }  # fmt: skip


def _read_png(archive: zipfile.ZipFile, name: str, picture: Picture) -> NDArray[Any]:
    """The pixels of a member, column-major. Raises Mismatch for a wrong size."""
    with archive.open(name) as file, Pillow.open(file, formats=["PNG"]) as image:
        if image.size != (picture.width, picture.height):
            raise Mismatch(f"{name} is not {picture.width} x {picture.height}")
        pixels = np.asarray(image)
    return np.ascontiguousarray(pixels.T).reshape(-1)


def _check_whole(pixels: NDArray[Any], number: int, thing: Object, picture: Picture) -> None:
    """An object that others cover: compare the mask of its own."""
    if not np.array_equal(pixels, _flat(thing, picture)):
        raise Mismatch(f"object {number} ({thing.id}) of {picture.file_name} is not as stored")


def _check_painted(
    canvas: NDArray[Any], seen: int, number: int, thing: Object, picture: Picture
) -> None:
    """An object that is all in the index: its pixels, and no others, have its number."""
    spans = _spans(thing, picture)
    alike = all(bool((canvas[start:end] == number).all()) for start, end in spans)
    if not alike or seen != sum(end - start for start, end in spans):
        raise Mismatch(f"object {number} ({thing.id}) of {picture.file_name} is not as stored")


def _check_manifest(dataset: Dataset, archive: zipfile.ZipFile) -> None:
    with archive.open("manifest.json") as lines:
        while (line := lines.readline()) != b' "images": [\n':
            if not line:
                raise Mismatch("manifest.json has no list of images")
        for picture in dataset.pictures():
            written = json.loads(lines.readline().rstrip().removesuffix(b","))
            if written != json.loads(json.dumps(_entry(picture))):
                raise Mismatch(f"manifest.json does not say what is stored of {picture.file_name}")
        if lines.read() != b" ]\n}\n":
            raise Mismatch("manifest.json does not end where it should")
