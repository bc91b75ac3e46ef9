"""SAM's decoder in two halves by the algebra of `low_rank`: what depends on the image alone is
projected once, a prompt costs products with the few vectors that its tokens bring to the image.

A previous mask enters linearly as well: its map is 16 channels through a 1 x 1 convolution, so it
is 17 vectors more that stand at every position before the first layer (`FoldedTransformer.start`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workers.sam.export.folded import FoldedTransformer
from workers.sam.export.low_rank import ImageState
from workers.sam.export.splits.base import Prompt, SplitDecoder
from workers.sam.export.upscaling import Upscaling, masks_of
from workers.sam.families.base import ModelSpec
from workers.sam.families.sam_decoder import DIM, MaskDecoder, PromptEncoder, Sam


class SamSplit(SplitDecoder):
    """Any model of SAM's prompt encoder and mask decoder.

    `valid_size` [2] is (height, width) of the image in model space: padding is not scaled up, and
    its logits are -10.
    """

    beyond = 1  # rows and columns of the embedding scaled up besides those that hold image

    def __init__(
        self, spec: ModelSpec, encoder: PromptEncoder, decoder: MaskDecoder, image_pe: Tensor
    ) -> None:
        super().__init__()
        self.side = spec.preprocessing.input_size // 16
        self.low_res_size = spec.low_res_size
        self.defaults = {"valid_size": [float(spec.preprocessing.input_size)] * 2}
        self.encoder, self.decoder = encoder, decoder
        image_pe = image_pe.detach()[0].flatten(1)
        with torch.no_grad():
            self.transformer = FoldedTransformer(
                self.decoder.transformer, image_pe, self._mask_vectors()
            )
            grid = (self.side, self.side)
            self.upscaling = Upscaling(self.decoder.output_upscaling, grid)
        self.prepared = (*self.transformer.names, "upscaled_base")

    def _mask_vectors(self) -> Tensor:
        """[17,C]: what each channel of a previous mask adds to a position, and what there being
        one adds (`prepare` has put SAM's "no mask" vector everywhere)."""
        last = self.encoder.mask_downscaling[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        absent = self.encoder.no_mask_embed.weight
        return torch.cat([last.weight[:, :, 0, 0].T, last.bias[None] - absent]).detach()

    def prepare(self, *embedding: Tensor) -> tuple[Tensor, ...]:
        """See SplitDecoder."""
        absent = self.encoder.no_mask_embed.weight.reshape(DIM, 1)
        made, base = self.transformer.prepare(embedding[0][0].flatten(1) + absent)
        return (*(made[name] for name in self.transformer.names), self.upscaling.prepare(base))

    def decode(self, prepared: tuple[Tensor, ...], prompt: Prompt) -> tuple[Tensor, Tensor]:
        """See SplitDecoder."""
        count = len(self.transformer.names)
        made = dict(zip(self.transformer.names, prepared[:count], strict=True))
        tokens, state = self.converse(made, prompt)
        valid = self.valid(prompt.options["valid_size"])
        return self.answer(tokens, state, prepared[count:], valid)

    def answer(
        self,
        tokens: Tensor,
        state: ImageState,
        prepared: tuple[Tensor, ...],
        valid: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Informed tokens [T,C] and image -> masks and ratings; `prepared` is what `self.prepared`
        names after the transformer's tensors."""
        features = self.upscaling(prepared[0], state, valid)
        logits = masks_of(features, self.filters(tokens), valid, self.low_res_size)
        return logits, self.decoder.iou_prediction_head(tokens[:1])

    def converse(self, made: dict[str, Tensor], prompt: Prompt) -> tuple[Tensor, ImageState]:
        """The two-way transformer: informed tokens [T,C], and the image's last state."""
        asked, hidden = self.encoder.points(prompt.point_coords, prompt.point_labels)
        answers = self.decoder.output_tokens()
        tokens = torch.cat([answers, asked[0], prompt.prompt_tokens[0]])
        count = prompt.prompt_tokens.shape[1]
        hidden = nn.functional.pad(hidden[0], (answers.shape[0], count))
        return self.transformer(tokens, hidden, made, self.start(prompt))

    def start(self, prompt: Prompt) -> Tensor | None:
        """How much of each of `_mask_vectors` stands at each position, [17,L]."""
        if prompt.mask_input is None:
            return None
        channels = self.encoder.mask_downscaling[:-1](prompt.mask_input)[0].flatten(1)
        share = torch.cat([channels, torch.ones_like(channels[:1])])
        return share if prompt.has_mask_input is None else share * prompt.has_mask_input

    def filters(self, tokens: Tensor) -> Tensor:
        """One vector a mask: [4,C2]."""
        networks = self.decoder.output_hypernetworks_mlps
        return torch.stack([network(tokens[1 + at]) for at, network in enumerate(networks)])

    def valid(self, size: Tensor) -> tuple[Tensor, Tensor]:
        """(height, width) in model space -> rows and columns of the embedding that are scaled up:
        all that hold image, and what the last pixels are a mixture with."""
        cells = (torch.floor(size / 16) + self.beyond).clamp(max=self.side).to(torch.int64)
        return cells[0], cells[1]


def split(model: Sam) -> SamSplit:
    """The halves of a SAM."""
    return SamSplit(model.spec, model.prompt_encoder, model.mask_decoder, model.image_pe())
