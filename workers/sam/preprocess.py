"""From an image to model space: the one place where sizes and coordinates are worked out.

Image space has its origin at the top-left corner of the top-left pixel. Model space is the square
that the encoder sees: the image scaled so that its longest side fills it, in the top-left corner,
or stretched to fill it (SAM 2, EfficientSAM).
"""

from __future__ import annotations

import numpy as np
from PIL import Image

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


class Square(int):
    """The side of a model's square in pixels, which also knows how images come to lie in it: a
    plain number means by their longest side. So everything that is given a side places images
    alike, and nothing else has to know that there are two ways."""

    stretched: bool

    def __new__(cls, side: int, stretched: bool = False) -> Square:
        made = super().__new__(cls, side)
        made.stretched = stretched
        return made


def model_size(width: int, height: int, input_size: int) -> tuple[int, int]:
    """(width, height) of the scaled image in the model's square: halves up, never below 1."""
    if isinstance(input_size, Square) and input_size.stretched:
        return int(input_size), int(input_size)
    scale = input_size / max(width, height)
    return max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))


def image_to_model(
    points_image: np.ndarray, size_image: tuple[int, int], input_size: int
) -> np.ndarray:
    """Image-space points [..., 2] as `point_coords`, float32.

    The convention is SAM's: `p_model = p_image * (new / old per axis) - 0.5`, where `new` is the
    scaled size in whole pixels. `point_coords` are pixel indices, the model adds the half itself:
    a click on the centre of pixel (3, 4), (3.5, 4.5) in image space, is (3, 4) when nothing scales.
    """
    width, height = size_image
    new_width, new_height = model_size(width, height, input_size)
    factors = np.array([new_width / width, new_height / height])
    return (np.asarray(points_image, np.float64) * factors - 0.5).astype(np.float32)


def normalise(pixels: np.ndarray) -> np.ndarray:
    """RGB values 0..255 [..., 3] as the encoder wants them, float32."""
    return (pixels.astype(np.float32) - np.array(MEAN, np.float32)) / np.array(STD, np.float32)


def preprocess(image: np.ndarray, input_size: int) -> np.ndarray:
    """uint8 H x W x 3 RGB -> float32 [3, S, S]: scaled, normalised, then padded with zeros."""
    height, width = image.shape[:2]
    size = model_size(width, height, input_size)
    scaled = Image.fromarray(image).resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
    normalised = normalise(np.asarray(scaled))
    padded = np.zeros((3, input_size, input_size), np.float32)
    padded[:, : size[1], : size[0]] = normalised.transpose(2, 0, 1)
    return padded
