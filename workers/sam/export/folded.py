"""SAM's mask decoder in two halves: `prepare` once per image, `decode` once per prompt.

The same numbers as the model's own decoder, by the algebra of `low_rank`; besides, the position
encoding is a constant, only the wanted masks are read out, and padding is left out of the
upscaling. One prompt at a time. C = 256 channels, L = h*w positions, T tokens, H heads.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from workers.sam.export.low_rank import (
    ImageState,
    Projections,
    centred,
    heads_first,
    image_to_tokens,
    normalised,
    output_by_head,
    tokens_to_image,
)


def planes_of(layer: nn.Linear, base: Tensor, heads: int) -> Tensor:
    """A projection without its bias of base [C,L], by head: [H,d,L]."""
    return (layer.weight @ base).unflatten(0, (heads, -1))


class FoldedTransformer(nn.Module):
    """The two-way transformer; `image_pe` [C,L] is the grid's position encoding.

    `start` [n,C] are vectors that a prompt may add to the image before the first layer: what a
    previous mask is made of.
    """

    def __init__(self, transformer: nn.Module, image_pe: Tensor, start: Tensor) -> None:
        super().__init__()
        self.register_buffer("start", start)
        self.transformer = transformer
        self.depth = len(transformer.layers)
        self.heads = transformer.final_attn_token_to_image.heads
        self.names = list(self._names())
        for index in range(1, self.depth + 1):
            layer = self._looking(index).k_proj
            self.register_buffer(f"fixed_keys_{index}", planes_of(layer, image_pe, self.heads))
        for index in range(1, self.depth):
            layer = transformer.layers[index].cross_attn_image_to_token.q_proj
            fixed = layer.weight @ image_pe + layer.bias[:, None]
            self.register_buffer(f"fixed_queries_{index}", fixed.unflatten(0, (self.heads, -1)))
        self.register_buffer("image_pe", image_pe)

    def _names(self) -> Iterator[str]:
        """What `prepare` gives, in order."""
        for index in range(self.depth + 1):
            yield from (f"keys_{index}", f"values_{index}")
            if index < self.depth:
                yield from (f"queries_{index}", f"energy_{index}")
                yield from (f"crossing_{index}_{source}" for source in range(index + 1))
                if index > 0:
                    yield f"constant_{index}"
                yield f"start_{index}"

    def _looking(self, index: int) -> nn.Module:
        """The attention by which tokens look at the image for the index-th time."""
        layers = self.transformer.layers
        if index < self.depth:
            return layers[index].cross_attn_token_to_image
        return self.transformer.final_attn_token_to_image

    def prepare(self, image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """image [C,L] -> the tensors of `names`, and `base` [C,L] after the last norm."""
        made: dict[str, Tensor] = {}
        base, heads, start = image, self.heads, self.start
        outputs: list[Tensor] = []  # [H,d+1,C] by earlier layer, taken through the norms since
        constants: Tensor | None = None  # [n,C] biases of earlier norms, likewise
        for index in range(self.depth + 1):
            looking = self._looking(index)
            placed = base + self.image_pe if index == 0 else base
            made[f"keys_{index}"] = planes_of(looking.k_proj, placed, heads)
            made[f"values_{index}"] = planes_of(looking.v_proj, base, heads).transpose(1, 2)
            if index == self.depth:
                break
            layer = self.transformer.layers[index]
            attention, norm = layer.cross_attn_image_to_token, layer.norm4
            queries = planes_of(attention.q_proj, placed, heads)
            if index == 0:
                queries = queries + attention.q_proj.bias.reshape(heads, -1, 1)
            made[f"queries_{index}"] = queries
            base = base - base.mean(0, keepdim=True)
            made[f"energy_{index}"] = base.square().sum(0, keepdim=True)
            outputs.append(output_by_head(attention))
            for source, output in enumerate(outputs):
                made[f"crossing_{index}_{source}"] = output @ base
            if constants is not None:
                made[f"constant_{index}"] = constants @ base
            made[f"start_{index}"] = start @ base
            base = norm.weight[:, None] * base
            outputs = [centred(output) * norm.weight for output in outputs]
            start = centred(start) * norm.weight
            kept = [norm.bias[None]]
            if constants is not None:
                kept.insert(0, centred(constants) * norm.weight)
            constants = torch.cat(kept)
        return made, base

    def forward(
        self, tokens: Tensor, hidden: Tensor, made: dict[str, Tensor], start: Tensor | None = None
    ) -> tuple[Tensor, ImageState]:
        """tokens [T,C], `hidden` [T] added to the scores of tokens that do not count, `start`
        [n,L] how much of `self.start` each position gets -> tokens [T,C] and the image."""
        state = ImageState(None, None, None, None)
        if start is not None:
            state = state.added(start, self.start, made["start_0"])
        positions, queries = tokens, tokens
        brought: list[Tensor] = []  # [H,T,d+1]
        for index, layer in enumerate(self.transformer.layers):
            queries = self._among_tokens(layer, queries, positions, hidden)
            queries = self._look(index, queries, positions, made, state, layer.norm2)
            queries = layer.norm3(queries + layer.mlp(queries))
            attention = layer.cross_attn_image_to_token
            asked = Projections(
                made[f"queries_{index}"], getattr(self, f"fixed_queries_{index}", None)
            )
            weights = image_to_tokens(
                attention, queries + positions, state, asked, hidden[:, None]
            ).flatten(0, 1)
            values = heads_first(attention.v_proj(queries), self.heads)
            brought.append(torch.cat([values, torch.ones_like(values[..., :1])], -1))
            vectors = (brought[-1] @ output_by_head(attention)).flatten(0, 1)
            crossing = (brought[-1] @ made[f"crossing_{index}_{index}"]).flatten(0, 1)
            state = state.added(weights, vectors, crossing)
            following = self._crossing(index + 1, brought, made, start is not None)
            state = normalised(state, layer.norm4, made[f"energy_{index}"], following)
        final = self.transformer.norm_final_attn
        return self._look(self.depth, queries, positions, made, state, final), state

    def _among_tokens(
        self, layer: nn.Module, queries: Tensor, positions: Tensor, hidden: Tensor
    ) -> Tensor:
        """Self-attention; the first layer's replaces the tokens instead of adding to them."""
        attention = layer.self_attn
        placed = queries if layer.first else queries + positions
        q = heads_first(attention.q_proj(placed), attention.heads)
        k = heads_first(attention.k_proj(placed), attention.heads)
        v = heads_first(attention.v_proj(queries), attention.heads)
        scores = (q * (q.shape[-1] ** -0.5)) @ k.transpose(1, 2) + hidden
        mixed = (scores.softmax(-1) @ v).transpose(0, 1).flatten(1)
        answer = attention.out_proj(mixed)
        return layer.norm1(answer if layer.first else queries + answer)

    def _look(
        self,
        index: int,
        queries: Tensor,
        positions: Tensor,
        made: dict[str, Tensor],
        state: ImageState,
        norm: nn.Module,
    ) -> Tensor:
        keys = Projections(made[f"keys_{index}"], getattr(self, f"fixed_keys_{index}", None))
        values = made[f"values_{index}"]
        seen = tokens_to_image(self._looking(index), queries + positions, state, keys, values)
        return norm(queries + seen)

    def _crossing(
        self, index: int, brought: list[Tensor], made: dict[str, Tensor], started: bool
    ) -> Tensor | None:
        """`cross` of the rows so far against the index-th base; None after the last norm."""
        if index == self.depth:
            return None
        rows = [
            (values @ made[f"crossing_{index}_{source}"]).flatten(0, 1)
            for source, values in enumerate(brought)
        ]
        # Rows stand in the order they came: one layer's, its norm's constant, the next layer's.
        constant = made[f"constant_{index}"]
        parts = [made[f"start_{index}"]] if started else []
        for source, part in enumerate(rows):
            parts += [part, constant[source : source + 1]]
        return torch.cat(parts)
