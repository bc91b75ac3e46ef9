"""The pixels that models see: the upright raster of a stored image."""

from __future__ import annotations

import numpy as np
from django.conf import settings

from samweb.core.files import store
from samweb.core.runs import Refused
from samweb.projects.models import Image
from samweb.projects.raster import Unreadable, upright_rgb


def raster_of(image: Image) -> np.ndarray:
    """uint8 RGB (height, width, 3). Raises Refused when it is not what was uploaded."""
    path = store().path("originals", image.original_sha256)
    try:
        raster = upright_rgb(path, settings.SAMWEB.max_pixels)
    except Unreadable as error:
        raise Refused(f"The image {error}") from error
    if raster.shape != (image.height, image.width, 3):
        raise Refused("The stored image is not the one that was uploaded.")
    return raster
