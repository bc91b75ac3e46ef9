"""COCO run-length encoding: column-major runs of 0, 1, 0, ... that begin with the zeros.

Three forms, and the functions between them:

- *mask*: bool array, H x W;
- *counts*: int64 array of run lengths in column-major order, canonical (no empty run but,
  when the first pixel is set, the first), sum = H x W;
- *string*: COCO's compressed text of the counts, byte-equal to pycocotools.

Whatever comes from outside goes through `counts_of`, which checks everything in Python and
numpy; nothing here hands unchecked numbers to native code. Boxes are [x, y, width, height] in
image space, whole pixels. All operations work on runs, so a 12-megapixel mask is as quick as
its outline is short.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_PIXELS = 1 << 30
MAX_CHARACTERS = 4_000_000  # a ragged 12-megapixel mask needs a tenth of this
_LONGEST_NUMBER = 7  # characters of 5 bits: 35 bits, more than MAX_PIXELS needs
_FIRST_CHARACTER = 48


class RleError(ValueError):
    """A malformed RLE. `code` for machines; the message says what is wrong with it."""

    def __init__(self, message: str, code: str = "bad_rle") -> None:
        super().__init__(message)
        self.code = code


def encode(mask: NDArray[np.generic]) -> str:
    """The compressed string of a mask (H x W, anything not 0 is set)."""
    return string_of(counts_of_mask(mask))


def decode(counts: str | list[int], height: int, width: int) -> Mask:
    """The H x W mask of a compressed string or a list of counts (column-major in memory).

    Raises RleError for everything that is not a complete RLE of exactly this size.
    """
    return mask_of(counts_of(counts, height, width), height, width)


def counts_of(counts: str | list[int], height: int, width: int) -> Counts:
    """Check an RLE of the given size and bring it to canonical counts. Raises RleError."""
    pixels = checked_size(height, width)
    if isinstance(counts, str):
        runs = _parse(counts)
    elif isinstance(counts, list):
        if len(counts) > MAX_CHARACTERS:
            raise RleError(f"RLE has more than {MAX_CHARACTERS} runs.", "too_large")
        if not all(type(count) is int and 0 <= count <= pixels for count in counts):
            raise RleError("RLE counts must be whole numbers from 0 to height x width.")
        runs = np.array(counts, dtype=np.int64)
    else:
        raise RleError("RLE counts must be a COCO string or a list of whole numbers.")
    if runs.size and (runs.min() < 0 or runs.max() > pixels):
        raise RleError("RLE counts must be from 0 to height x width.")
    total = int(runs.sum())
    if total != pixels:
        raise RleError(f"RLE covers {total} pixels; {height} x {width} is {pixels}.")
    return _canonical(runs)


def checked_size(height: int, width: int) -> int:
    """The number of pixels of a size. Raises RleError when it is no size."""
    for name, value in (("height", height), ("width", width)):
        if type(value) is not int or not 1 <= value <= MAX_PIXELS:
            raise RleError(f"RLE {name} must be a whole number above 0.", "bad_size")
    if height * width > MAX_PIXELS:
        raise RleError(f"RLE size {height} x {width} is too large.", "bad_size")
    return height * width


def counts_of_mask(mask: NDArray[np.generic]) -> Counts:
    """The canonical counts of an H x W mask."""
    if mask.ndim != 2:
        raise RleError("A mask has two dimensions.", "bad_size")
    height, width = mask.shape
    bits = mask if mask.dtype == np.bool_ else mask != 0
    columns = np.flatnonzero(bits.any(axis=0))
    if columns.size == 0:
        return np.array([height * width], dtype=np.int64)
    first, last = int(columns[0]), int(columns[-1]) + 1
    flat = np.ascontiguousarray(bits[:, first:last].T).reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if flat[0]:
        edges = np.concatenate(([0], edges))
    if flat[-1]:
        edges = np.concatenate((edges, [flat.size]))
    return _counts_of_edges(edges + first * height, height * width)


def mask_of(counts: Counts, height: int, width: int) -> Mask:
    """The H x W mask of canonical counts; column-major in memory (the transpose is contiguous)."""
    bits = np.zeros(counts.size, dtype=np.bool_)
    bits[1::2] = True
    return np.repeat(bits, counts).reshape(width, height).T


def string_of(counts: Counts) -> str:
    """COCO's compressed string: differences to the count two before, 5 bits a character."""
    rest = counts.astype(np.int64, copy=True)
    rest[3:] -= counts[1:-2]
    columns, lengths = [], np.zeros(rest.size, dtype=np.int64)
    more = np.ones(rest.size, dtype=bool)
    while more.any():
        lengths += more
        digit = rest & 0x1F
        rest >>= 5
        more &= np.where(digit & 0x10, rest != -1, rest != 0)
        columns.append((digit | (more * 0x20)) + _FIRST_CHARACTER)
    table = np.stack(columns, axis=1).astype(np.uint8)
    kept = np.arange(table.shape[1])[None, :] < lengths[:, None]
    return table[kept].tobytes().decode("ascii")


def area(counts: Counts) -> int:
    """The number of set pixels."""
    return int(counts[1::2].sum())


def bbox(counts: Counts, height: int) -> list[int]:
    """The smallest [x, y, width, height] around the set pixels; all 0 when there are none."""
    starts, ends = spans(counts)
    if starts.size == 0:
        return [0, 0, 0, 0]
    left, right = starts // height, (ends - 1) // height
    x0, x1 = int(left.min()), int(right.max()) + 1
    if (left != right).any():  # a run over a column's end touches the bottom and the top
        return [x0, 0, x1 - x0, height]
    y0, y1 = int((starts % height).min()), int(((ends - 1) % height).max()) + 1
    return [x0, y0, x1 - x0, y1 - y0]


def spans(counts: Counts) -> tuple[Counts, Counts]:
    """First and one-past-last column-major index of every run of set pixels."""
    ends = np.cumsum(counts)
    return ends[0::2][: counts.size // 2], ends[1::2]


def intersection(first: Counts, second: Counts) -> int:
    """The number of pixels set in both, from canonical counts of the same size."""
    starts, ends = spans(first)
    if starts.size == 0:
        return 0
    before = np.concatenate(([0], np.cumsum(ends - starts)))

    def covered(position: Counts) -> Counts:
        index = np.searchsorted(starts, position, side="right")
        inside = np.minimum(position, ends[index - 1]) - starts[index - 1]
        return np.where(index > 0, before[index - 1] + inside, 0)

    other_starts, other_ends = spans(second)
    return int((covered(other_ends) - covered(other_starts)).sum())


def iou(first: Counts, second: Counts) -> float:
    """Intersection over union; two empty masks are equal, so 1.0."""
    both = intersection(first, second)
    union = area(first) + area(second) - both
    return both / union if union else 1.0


def xor(first: Counts, second: Counts) -> Counts:
    """Pixels set in exactly one of two masks of the same size."""
    edges = np.setxor1d(_edges(first), _edges(second), assume_unique=True)
    return _counts_of_edges(edges, int(first.sum()))


def union(first: Counts, second: Counts) -> Counts:
    """Pixels set in either of two masks of the same size."""
    pixels = int(first.sum())
    edges = np.concatenate([*spans(first), *spans(second)])
    steps = np.repeat([1, -1, 1, -1], [first.size // 2] * 2 + [second.size // 2] * 2)
    order = np.lexsort((-steps, edges))
    depth = np.cumsum(steps[order])
    before = np.concatenate(([0], depth[:-1]))
    kept = edges[order][(depth > 0) != (before > 0)]
    return _counts_of_edges(kept, pixels)


def place(counts: Counts, box: list[int], height: int, width: int) -> Counts:
    """Counts of a whole H x W image from the counts of a box [x, y, w, h] inside it."""
    x, y, box_width, box_height = box
    local = mask_of(counts, box_height, box_width).T  # one row a column of the image
    framed = np.zeros((box_width, box_height + 2), dtype=np.int8)
    framed[:, 1:-1] = local
    column, row = np.nonzero(np.diff(framed, axis=1))
    edges = (x + column.astype(np.int64)) * height + y + row
    # A full-height box ends one column where it begins the next: those two edges cancel.
    values, times = np.unique(edges, return_counts=True)
    return _counts_of_edges(values[times % 2 == 1], height * width)


def checked_box(box: object, height: int, width: int) -> list[int]:
    """A box of whole pixels, not empty and inside the image. Raises RleError."""
    if not isinstance(box, list) or len(box) != 4 or not all(type(v) is int for v in box):
        raise RleError("A box is four whole numbers: x, y, width, height.", "bad_box")
    x, y, box_width, box_height = box
    inside = x >= 0 and y >= 0 and x + box_width <= width and y + box_height <= height
    if box_width < 1 or box_height < 1 or not inside:
        raise RleError(f"The box must lie inside the {width} x {height} image.", "bad_box")
    return [x, y, box_width, box_height]


def apply_patch(
    counts: Counts, height: int, width: int, box: object, patch: str | list[int]
) -> Counts:
    """XOR `patch` (an RLE of the size of `box`) into a mask at that box. Raises RleError."""
    where = checked_box(box, height, width)
    local = counts_of(patch, where[3], where[2])
    return xor(counts, place(local, where, height, width))


def _parse(text: str) -> Counts:
    if len(text) > MAX_CHARACTERS:
        raise RleError(f"RLE string is longer than {MAX_CHARACTERS} characters.", "too_large")
    try:
        digits = np.frombuffer(text.encode("ascii"), dtype=np.uint8).astype(np.int64)
    except UnicodeEncodeError:
        raise RleError("RLE string has characters that are not COCO's.") from None
    digits -= _FIRST_CHARACTER
    if digits.size == 0:
        raise RleError("RLE string is empty.")
    if digits.min() < 0 or digits.max() > 0x3F:
        raise RleError("RLE string has characters that are not COCO's.")
    last = np.flatnonzero((digits & 0x20) == 0)
    if last.size == 0 or last[-1] != digits.size - 1:
        raise RleError("RLE string ends in the middle of a number.")
    first = np.concatenate(([0], last[:-1] + 1))
    lengths = last - first + 1
    if lengths.max() > _LONGEST_NUMBER:
        raise RleError("RLE string has a number that is too large.")
    place_value = np.arange(digits.size) - np.repeat(first, lengths)
    numbers = np.add.reduceat((digits & 0x1F) << (5 * place_value), first)
    numbers -= np.where(digits[last] & 0x10, np.int64(1) << (5 * lengths), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _canonical(runs: Counts) -> Counts:
    """Drop empty runs and join what they separated."""
    if runs.size < 2 or (runs[1:] > 0).all():
        return runs
    ends = np.cumsum(runs)[:-1]
    values, times = np.unique(ends, return_counts=True)
    return _counts_of_edges(values[times % 2 == 1], int(runs.sum()))


def _edges(counts: Counts) -> Counts:
    """Column-major indices at which the value changes, and the end where the last is set."""
    return np.concatenate(spans(counts))


def _counts_of_edges(edges: NDArray[np.int64], pixels: int) -> Counts:
    """Counts from the ascending indices at which the value changes; the first is 0 to 1."""
    if edges.size and edges[-1] == pixels:
        edges = edges[:-1]
    return np.diff(np.concatenate(([0], edges, [pixels]))).astype(np.int64)
