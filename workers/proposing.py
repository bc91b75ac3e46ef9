"""Finds everything in an image with a registered bundle and keeps it as its proposals.

The decoder's sessions live as long as one Proposer, that is, one run: an idle worker holds none.
The image's embedding is the stored one where there is one; else it is made, and kept as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from samweb import tensors as tensor_codec
from samweb.core.files import store
from samweb.core.runs import Refused
from samweb.embeddings import proposal_format, proposals, selectors
from samweb.embeddings.models import Bundle, Embedding, ProposalSet
from samweb.embeddings.services import BadTensors, embedding_store
from samweb.projects.models import Image
from workers import encoder
from workers.rasters import raster_of
from workers.sam.automatic import Found, find_everything, settings_for
from workers.sam.predictor import MASK_THRESHOLD, OnnxPredictor

Progress = Callable[[int, int], None]


class Proposer:
    """One bundle, ready to look through any number of images."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.predictor = OnnxPredictor(encoder.folder_of(bundle))
        self.settings = settings_for(self.predictor.bundle)

    def propose(self, image: Image, progress: Progress) -> ProposalSet:
        """Find and keep an image's proposals, or give those that are there.

        `progress(done, total)` is called every second or so, may raise to end the work. Raises
        Refused for an image or an answer that cannot be worked with.
        """
        made = proposals.present(proposals.key_for(image, self.bundle))
        if made is not None:
            return made
        raster = raster_of(image)
        embedding = self._embedding(image, raster)
        found = find_everything(
            self.predictor, raster, self.settings, embedding=embedding, progress=progress
        )
        try:
            return proposals.keep(
                self._as_stored(image, found),
                pixels_sha256=image.pixels_sha256,
                bundle=self.bundle,
                parameters=proposals.DEFAULT,
            )
        except proposal_format.BadProposals as error:
            raise Refused(f"What the model proposes cannot be kept: {error}.") from error

    def _as_stored(self, image: Image, found: list[Found]) -> proposal_format.Proposals:
        whole = (0, 0, image.width, image.height)
        return proposal_format.Proposals(
            size=(image.height, image.width),
            bundle=self.bundle.id,
            threshold=MASK_THRESHOLD,
            parameters=self.settings.as_dict(),
            masks=tuple(
                proposal_format.Proposal(
                    counts=one.counts,
                    box=one.box,
                    predicted_iou=one.predicted_iou,
                    stability=one.stability,
                    area=one.area,
                    point=one.point_image,
                    candidate=one.candidate,
                    view="full" if one.view == whole else ",".join(map(str, one.view)),
                )
                for one in found[: proposal_format.MOST_PROPOSALS]
            ),
        )

    def _embedding(self, image: Image, raster: np.ndarray) -> dict[str, np.ndarray]:
        stored = self._stored(image)
        if stored is not None:
            return stored
        (made,) = encoder.encode(self.bundle, [raster])
        try:
            embedding_store(pixels_sha256=image.pixels_sha256, bundle=self.bundle, tensors=made)
        except BadTensors as error:
            raise Refused(f"The model's answer cannot be used: {error}.") from error
        return made

    def _stored(self, image: Image) -> dict[str, np.ndarray] | None:
        manifest: dict[str, Any] = self.bundle.manifest
        key = selectors.embedding_key(
            image.pixels_sha256, self.bundle.id, selectors.FULL, selectors.dtype_of(manifest)
        )
        row = Embedding.objects.filter(key=key).first()
        if row is None or not store().exists("embeddings", row.sha256):
            return None
        content = store().path("embeddings", row.sha256).read_bytes()
        return {
            tensor["name"]: tensor_codec.from_bytes(
                content[tensor["offset"] : tensor["offset"] + tensor["bytes"]],
                tensor["shape"],
                tensor["dtype"],
            )
            for tensor in selectors.tensor_layout(manifest)
        }
