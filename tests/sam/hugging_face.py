"""Hugging Face's SAM and HQ-SAM with the weights of ours, for the parity tests.

Only names and configuration stand here: the official checkpoints' key layout on one side, that of
`transformers` on the other. Needs torch and transformers.
"""

from __future__ import annotations

import re
from typing import Any

import torch
import transformers
from torch import Tensor

from workers.sam.families.sam_decoder import LayerNormEps

# transformers' defaults: only inside the two-way blocks do they differ from Meta's
HUGGING_FACE_EPS = LayerNormEps(encoder=1e-6, maps=1e-6, two_way=1e-6, final=1e-5)

RENAMED = [
    (r"^image_encoder\.", "vision_encoder."),
    (r"^(vision_encoder\.)blocks\.", r"\1layers."),
    (r"\.norm(\d)\.", r".layer_norm\1."),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"neck\.0\.", "neck.conv1."),
    (r"neck\.1\.", "neck.layer_norm1."),
    (r"neck\.2\.", "neck.conv2."),
    (r"neck\.3\.", "neck.layer_norm2."),
    (r"pe_layer\.positional_encoding_gaussian_matrix", "shared_embedding.positional_embedding"),
    (r"point_embeddings\.", "point_embed."),
    (r"mask_downscaling\.0\.", "mask_embed.conv1."),
    (r"mask_downscaling\.1\.", "mask_embed.layer_norm1."),
    (r"mask_downscaling\.3\.", "mask_embed.conv2."),
    (r"mask_downscaling\.4\.", "mask_embed.layer_norm2."),
    (r"mask_downscaling\.6\.", "mask_embed.conv3."),
    (r"output_upscaling\.0\.", "upscale_conv1."),
    (r"output_upscaling\.1\.", "upscale_layer_norm."),
    (r"output_upscaling\.3\.", "upscale_conv2."),
    (r"(mlps\.\d|iou_prediction_head|hf_mlp)\.layers\.0\.", r"\1.proj_in."),
    (r"(mlps\.\d|iou_prediction_head|hf_mlp)\.layers\.1\.", r"\1.layers.0."),
    (r"(mlps\.\d|iou_prediction_head|hf_mlp)\.layers\.2\.", r"\1.proj_out."),
    (r"hf_token\.", "hq_token."),
    (r"hf_mlp\.", "hq_mask_mlp."),
    (r"compress_vit_feat\.0\.", "compress_vit_conv1."),
    (r"compress_vit_feat\.1\.", "compress_vit_norm."),
    (r"compress_vit_feat\.3\.", "compress_vit_conv2."),
    (r"embedding_encoder\.0\.", "encoder_conv1."),
    (r"embedding_encoder\.1\.", "encoder_norm."),
    (r"embedding_encoder\.3\.", "encoder_conv2."),
    (r"embedding_maskfeature\.0\.", "mask_conv1."),
    (r"embedding_maskfeature\.1\.", "mask_norm."),
    (r"embedding_maskfeature\.3\.", "mask_conv2."),
]


def renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in the official layout, under transformers' names."""
    theirs = {}
    for name, tensor in state.items():
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        theirs[name] = tensor
    shared = "shared_embedding.positional_embedding"
    theirs["shared_image_embedding.positional_embedding"] = theirs[f"prompt_encoder.{shared}"]
    return theirs


def twin(
    state: dict[str, Tensor], sizes: dict[str, Any], two_way_eps: float, hq: bool = False
) -> Any:
    """transformers' model of `sizes` (arguments of our `build`), with these weights."""
    vision = {
        "hidden_size": sizes["dim"],
        "num_hidden_layers": sizes["depth"],
        "num_attention_heads": sizes["heads"],
        "global_attn_indexes": list(sizes["global_blocks"]),
        "image_size": sizes["input_size"],
        "mlp_dim": 4 * sizes["dim"],
    }
    decoder: dict[str, Any] = {"layer_norm_eps": two_way_eps}
    if hq:
        decoder["vit_dim"] = sizes["dim"]
    family = "SamHQ" if hq else "Sam"
    config = getattr(transformers, f"{family}Config")(
        vision_config=vision,
        prompt_encoder_config={"image_size": sizes["input_size"]},
        mask_decoder_config=decoder,
    )
    model = getattr(transformers, f"{family}Model")(config).eval()
    model.load_state_dict(renamed(state), strict=True)
    if hq:
        let_the_image_through(model.mask_decoder)
    return model


def let_the_image_through(decoder: Any) -> None:
    """Corrects HQ-SAM of transformers 5.24, which drops the image as the two-way transformer leaves
    it and upscales what went in, rows and columns swapped. The official code upscales what comes
    out, as SAM does in both; so does this. It changes nothing where the line has been mended."""
    left: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, outputs: tuple[Tensor, Tensor]) -> None:
        left[:] = [outputs[1]]

    def replace(_module: Any, inputs: tuple[Tensor]) -> tuple[Tensor]:
        return (left[0].transpose(2, 3).reshape(inputs[0].shape),)

    decoder.transformer.register_forward_hook(keep)
    decoder.upscale_conv1.register_forward_pre_hook(replace)


def prompts(coords: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Our prompts of B objects as transformers' arguments: corners apart from the points, which
    every prompt of the batch must have as many of."""
    corner = labels >= 2
    batch = coords.shape[0]
    arguments = {}
    if (~corner).any():
        arguments["input_points"] = coords[~corner].reshape(1, batch, -1, 2)
        arguments["input_labels"] = labels[~corner].reshape(1, batch, -1)
    if corner.any():
        arguments["input_boxes"] = coords[corner].reshape(1, batch, 4)
    return arguments


def randomise(model: torch.nn.Module, seed: int = 0) -> None:
    """Random numbers where initialisation put constants: position tables and norms. PyTorch's own
    initial weights stay, larger ones make attention so sharp that rounding decides."""
    generator = torch.Generator().manual_seed(seed)

    def normal(parameter: Tensor, std: float, mean: float = 0.0) -> None:
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * std + mean)

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                normal(module.weight, 0.2, mean=1.0)
                normal(module.bias, 0.2)
        for name, parameter in model.named_parameters():
            if "rel_pos" in name or "pos_embed" in name:
                normal(parameter, 0.5)


TOLERANCE = 1e-4  # of the standard deviation

# one windowed block (14 does not divide 16: the padding is attended to) and a global one
SMALL = {"dim": 96, "depth": 2, "heads": 3, "global_blocks": (1,), "input_size": 256}

PROMPTS = {
    "one point": ([[[50, 100]]], [[1]]),
    "points": ([[[50, 100], [150.5, 17.25], [225, 250]]], [[1, 0, 1]]),
    "a box": ([[[25, 30], [200, 150]]], [[2, 3]]),
    "a box and points": ([[[25, 30], [200, 150], [100, 50], [45, 40]]], [[2, 3, 1, 0]]),
    "two objects": ([[[50, 100], [15, 20]], [[200, 10], [150, 155]]], [[1, 0], [1, 1]]),
}


def prompt(name: str) -> tuple[Tensor, Tensor]:
    """point_coords and point_labels of one of PROMPTS."""
    coords, labels = PROMPTS[name]
    return torch.tensor(coords, dtype=torch.float32), torch.tensor(labels, dtype=torch.float32)


def noise(*shape: int, seed: int = 1) -> Tensor:
    """Normal random numbers, always the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def assert_alike(ours: Tensor, theirs: Tensor, std: Tensor | None = None) -> None:
    """Equal up to the tolerance, which is relative to the spread of their values."""
    assert ours.shape == theirs.shape
    difference, spread = (ours - theirs).abs().max(), theirs.std() if std is None else std
    assert difference < TOLERANCE * spread, f"{difference:.2e}, spread {spread:.2e}"
