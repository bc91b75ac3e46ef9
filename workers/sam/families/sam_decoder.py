"""SAM's prompt encoder and mask decoder, shared by every family that keeps them.

After "Segment Anything" (Kirillov et al., 2023), under the names of its published checkpoints.
B prompts, N points, T learned prompt tokens, K tokens in all, C = 256 channels; h and w are the
image embedding's grid (64 x 64), masks are four times as fine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workers.sam.families.base import ModelSpec, Preprocessing, PromptableModel

DIM = 256
MASK_TOKENS = 4
HIDDEN = -1e4  # attention bias of an absent token: exp() of it is exactly zero


@dataclass(frozen=True)
class LayerNormEps:
    """Meta's values. Hugging Face has 1e-6 in `two_way`, which moves logits by 5e-4 of their
    spread: the parity tests align them, checkpoints were trained with these."""

    encoder: float = 1e-6
    maps: float = 1e-6  # every LayerNorm2d
    two_way: float = 1e-5
    final: float = 1e-5  # after the two-way transformer's last attention


META_EPS = LayerNormEps()


class LayerNorm2d(nn.LayerNorm):
    """LayerNorm over the channels of [B,C,h,w]."""

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,h,w] -> the same."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PositionEncoding(nn.Module):
    """Random Fourier features of positions given as fractions of the model's square."""

    positional_encoding_gaussian_matrix: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, DIM // 2))

    def forward(self, fractions: Tensor) -> Tensor:
        """(x, y) in 0..1 [..., 2] -> [..., C]."""
        angles = (2 * fractions - 1) @ self.positional_encoding_gaussian_matrix * (2 * math.pi)
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)

    def grid(self, side: int) -> Tensor:
        """Encodings of the centres of side x side cells, [1,C,side,side]."""
        matrix = self.positional_encoding_gaussian_matrix
        centres = (torch.arange(side, device=matrix.device, dtype=matrix.dtype) + 0.5) / side
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        return self(torch.stack([x, y], dim=-1)).permute(2, 0, 1)[None]


@dataclass
class EncodedPrompts:
    """What the mask decoder takes in besides the image."""

    tokens: Tensor  # [B,N+1+T,C]
    bias: Tensor  # [B,N+1+T] 0, or HIDDEN for tokens that must change nothing
    dense: Tensor  # [B,C,h,w] or [1,C,1,1], added to the image embedding


class PromptEncoder(nn.Module):
    """Points, box corners and previous logits as tokens and as a map.

    SAM appends "not a point" to prompts without a box, SAM 2 (`always_padded`) to every prompt.
    """

    def __init__(
        self, input_size: int = 1024, eps: LayerNormEps = META_EPS, always_padded: bool = False
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.always_padded = always_padded
        self.pe_layer = PositionEncoding()
        # negative, positive, top-left corner, bottom-right corner: the values of the labels
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, DIM) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, DIM)
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, 4, 2, stride=2),
            LayerNorm2d(4, eps=eps.maps),
            nn.GELU(),
            nn.Conv2d(4, 16, 2, stride=2),
            LayerNorm2d(16, eps=eps.maps),
            nn.GELU(),
            nn.Conv2d(16, DIM, 1),
        )
        self.no_mask_embed = nn.Embedding(1, DIM)

    def forward(
        self,
        point_coords: Tensor,
        point_labels: Tensor,
        prompt_tokens: Tensor | None = None,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> EncodedPrompts:
        """Arguments as of `PromptableModel.decode`."""
        tokens, bias = self.points(point_coords, point_labels)
        if prompt_tokens is not None:
            tokens = torch.cat([tokens, prompt_tokens], dim=1)
            bias = F.pad(bias, (0, prompt_tokens.shape[1]))
        return EncodedPrompts(tokens, bias, self.dense(mask_input, has_mask_input))

    def points(self, point_coords: Tensor, point_labels: Tensor) -> tuple[Tensor, Tensor]:
        """coords [B,N,2], labels [B,N] -> tokens [B,N+1,C] and their attention bias [B,N+1].

        The last token is SAM's "not a point". Where it does not count (the prompt has a box, and
        the model is not `always_padded`) it is hidden, as are the caller's points of label -1.
        """
        tokens = self.pe_layer((point_coords + 0.5) / self.input_size)
        for value, embedding in enumerate(self.point_embeddings):
            chosen = (point_labels == value).to(tokens.dtype)[..., None]
            tokens = tokens + chosen * embedding.get_parameter("weight")
        not_a_point = self.not_a_point_embed.weight.expand(tokens.shape[0], 1, DIM)
        # a sum and not any(): no points at all means no box
        corners = (point_labels >= 2).to(tokens.dtype).sum(dim=1, keepdim=True)
        if self.always_padded:
            corners = torch.zeros_like(corners)
        absent = torch.cat([point_labels < 0, corners > 0], dim=1)
        return torch.cat([tokens, not_a_point], dim=1), absent.to(tokens.dtype) * HIDDEN

    def dense(self, mask_input: Tensor | None, has_mask_input: Tensor | None) -> Tensor:
        """Logits [B,1,4h,4w] and whether they count [B] (all, if not given) -> [B,C,h,w];
        without logits [1,C,1,1]."""
        absent = self.no_mask_embed.weight.reshape(1, DIM, 1, 1)
        if mask_input is None:
            return absent
        given = self.mask_downscaling(mask_input)
        if has_mask_input is None:
            return given
        return torch.where(has_mask_input.reshape(-1, 1, 1, 1) > 0, given, absent)


class Attention(nn.Module):
    """Multi-head attention whose inner width may be smaller than its outer one."""

    def __init__(self, inner_dim: int, heads: int = 8) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(DIM, inner_dim)
        self.k_proj = nn.Linear(DIM, inner_dim)
        self.v_proj = nn.Linear(DIM, inner_dim)
        self.out_proj = nn.Linear(inner_dim, DIM)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor | None = None) -> Tensor:
        """q [B,Kq,C], k and v [B,Kk,C] -> [B,Kq,C]. `key_bias` [B,1,1,Kk] silences keys."""
        q, k, v = (
            x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for x in (self.q_proj(q), self.k_proj(k), self.v_proj(v))
        )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=key_bias)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


class TwoLayerMLP(nn.Module):
    """Widen, bend, narrow."""

    def __init__(self, dim: int, hidden: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.lin1 = nn.Linear(dim, hidden)
        self.lin2 = nn.Linear(hidden, dim)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """[..., dim] -> the same."""
        return self.lin2(self.activation(self.lin1(x)))


class MLP(nn.Module):
    """Linear layers with an activation between them."""

    def __init__(self, *dims: int, activation: Callable[[Tensor], Tensor] = torch.relu) -> None:
        super().__init__()
        self.activation = activation
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims, dims[1:], strict=False))

    def forward(self, x: Tensor) -> Tensor:
        """[..., dims[0]] -> [..., dims[-1]]."""
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


class TwoWayBlock(nn.Module):
    """Tokens look at tokens, tokens at the image, think, and the image looks at tokens."""

    def __init__(
        self, first: bool, eps: LayerNormEps, activation: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.first = first
        self.self_attn = Attention(DIM)
        self.norm1 = nn.LayerNorm(DIM, eps=eps.two_way)
        self.cross_attn_token_to_image = Attention(DIM // 2)
        self.norm2 = nn.LayerNorm(DIM, eps=eps.two_way)
        self.mlp = TwoLayerMLP(DIM, 2048, activation)
        self.norm3 = nn.LayerNorm(DIM, eps=eps.two_way)
        self.cross_attn_image_to_token = Attention(DIM // 2)
        self.norm4 = nn.LayerNorm(DIM, eps=eps.two_way)

    def forward(
        self, tokens: Tensor, image: Tensor, token_pe: Tensor, image_pe: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """tokens [B,K,C], image [B,h*w,C], their positions alike; bias [B,1,1,K]."""
        if self.first:  # the positions are still inside the tokens, and there is no residual
            tokens = self.self_attn(tokens, tokens, tokens, bias)
        else:
            placed = tokens + token_pe
            tokens = tokens + self.self_attn(placed, placed, tokens, bias)
        tokens = self.norm1(tokens)
        placed_image = image + image_pe
        looked = self.cross_attn_token_to_image(tokens + token_pe, placed_image, image)
        tokens = self.norm2(tokens + looked)
        tokens = self.norm3(tokens + self.mlp(tokens))
        answer = self.cross_attn_image_to_token(placed_image, tokens + token_pe, tokens, bias)
        return tokens, self.norm4(image + answer)


class TwoWayTransformer(nn.Module):
    """Two two-way blocks and a last look of the tokens at the image."""

    def __init__(
        self, eps: LayerNormEps = META_EPS, activation: Callable[[Tensor], Tensor] = torch.relu
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayBlock(index == 0, eps, activation) for index in range(2))
        self.final_attn_token_to_image = Attention(DIM // 2)
        self.norm_final_attn = nn.LayerNorm(DIM, eps=eps.final)

    def forward(
        self, tokens: Tensor, image: Tensor, image_pe: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """tokens [B,K,C], image [B,h*w,C], bias [B,1,1,K] -> both, informed by each other."""
        token_pe = tokens
        for layer in self.layers:
            tokens, image = layer(tokens, image, token_pe, image_pe, bias)
        looked = self.final_attn_token_to_image(tokens + token_pe, image + image_pe, image)
        return self.norm_final_attn(tokens + looked), image


class MaskDecoder(nn.Module):
    """Four masks and how good each is thought to be: index 0 alone, 1 to 3 the candidates."""

    def __init__(
        self, eps: LayerNormEps = META_EPS, activation: Callable[[Tensor], Tensor] = torch.relu
    ) -> None:
        super().__init__()
        self.transformer = TwoWayTransformer(eps, activation)
        self.iou_token = nn.Embedding(1, DIM)
        self.mask_tokens = nn.Embedding(MASK_TOKENS, DIM)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(DIM, DIM // 4, 2, stride=2),
            LayerNorm2d(DIM // 4, eps=eps.maps),
            nn.GELU(),
            nn.ConvTranspose2d(DIM // 4, DIM // 8, 2, stride=2),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(
            MLP(DIM, DIM, DIM, DIM // 8) for _ in range(MASK_TOKENS)
        )
        self.iou_prediction_head = MLP(DIM, DIM, DIM, MASK_TOKENS)

    def forward(
        self, embedding: tuple[Tensor, ...], image_pe: Tensor, prompts: EncodedPrompts
    ) -> tuple[Tensor, Tensor]:
        """image embedding [1 or B,C,h,w], its positions [1,C,h,w] -> low_res_masks [B,4,4h,4w]
        (logits), iou_predictions [B,4]."""
        tokens, upscaled = self.look(embedding[0], image_pe, prompts)
        return self.masks(tokens, upscaled), self.iou_prediction_head(tokens[:, 0])

    def output_tokens(self) -> Tensor:
        """The tokens that answers are read from, [5,C]: predicted IoU, then one for each mask."""
        return torch.cat([self.iou_token.weight, self.mask_tokens.weight])

    def look(
        self, image_embeddings: Tensor, image_pe: Tensor, prompts: EncodedPrompts
    ) -> tuple[Tensor, Tensor]:
        """Prompts against the image: informed tokens [B,K,C], upscaled image [B,C/8,4h,4w]."""
        tokens, image = self.converse(image_embeddings, image_pe, prompts)
        return tokens, self.output_upscaling(image)

    def converse(
        self, image_embeddings: Tensor, image_pe: Tensor, prompts: EncodedPrompts
    ) -> tuple[Tensor, Tensor]:
        """The two-way transformer: informed tokens [B,K,C], informed image [B,C,h,w]."""
        batch, side = prompts.tokens.shape[0], image_pe.shape[-1]
        answers = self.output_tokens()
        tokens = torch.cat([answers.expand(batch, -1, -1), prompts.tokens], dim=1)
        bias = F.pad(prompts.bias, (answers.shape[0], 0))[:, None, None]
        image = (image_embeddings + prompts.dense).expand(batch, -1, -1, -1)
        tokens, positions = self.transformer(
            tokens, image.flatten(2).transpose(1, 2), image_pe.flatten(2).transpose(1, 2), bias
        )
        return tokens, positions.transpose(1, 2).unflatten(2, (side, side))

    def masks(self, tokens: Tensor, upscaled: Tensor) -> Tensor:
        """Each mask token's own filter on the upscaled image: logits [B,4,4h,4w]."""
        filters = [mlp(tokens[:, 1 + k]) for k, mlp in enumerate(self.output_hypernetworks_mlps)]
        return apply_filters(torch.stack(filters, dim=1), upscaled)


def apply_filters(filters: Tensor, features: Tensor) -> Tensor:
    """[B,M,F] on [B,F,h,w] -> [B,M,h,w]."""
    return (filters @ features.flatten(2)).unflatten(2, features.shape[2:])


class Sam(PromptableModel):
    """Any image encoder in front of SAM's prompt encoder and mask decoder."""

    def __init__(
        self,
        image_encoder: nn.Module,
        prompt_encoder: PromptEncoder,
        mask_decoder: MaskDecoder,
        spec: ModelSpec,
    ) -> None:
        super().__init__()
        self.image_encoder = image_encoder
        self.prompt_encoder = prompt_encoder
        self.mask_decoder = mask_decoder
        self.spec = spec

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """See `PromptableModel`: image_embeddings [B,256,S/16,S/16]."""
        return (self.image_encoder(image),)

    def decode(
        self,
        embedding: tuple[Tensor, ...],
        point_coords: Tensor,
        point_labels: Tensor,
        prompt_tokens: Tensor | None = None,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See `PromptableModel`. The embedding is one image's, or one for each prompt."""
        prompts = self.prompt_encoder(
            point_coords, point_labels, prompt_tokens, mask_input, has_mask_input
        )
        return self.mask_decoder(embedding, self.image_pe(), prompts)

    def image_pe(self) -> Tensor:
        """Positions of the image embedding's cells, [1,C,S/16,S/16]: a constant of the model."""
        return self.prompt_encoder.pe_layer.grid(self.prompt_encoder.input_size // 16)


def sam_spec(input_size: int, *further: tuple[str, tuple[int, ...]]) -> ModelSpec:
    """What is the same for every model built from these parts; `further` embedding tensors."""
    side = input_size // 16
    return ModelSpec(
        preprocessing=Preprocessing(input_size),
        embedding=(("image_embeddings", (1, DIM, side, side)), *further),
        low_res_size=4 * side,
        prompt_token_channels=DIM,
    )
