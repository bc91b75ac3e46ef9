"""Hugging Face's SAM 2 with the weights of ours, for the parity tests (see hugging_face.py)."""

from __future__ import annotations

import re
from typing import Any

import torch
import transformers
from torch import Tensor

from tests.sam.hugging_face import renamed

# from SAM 2's names to those of SAM's checkpoints, or at once to transformers'
RENAMED = [
    (r"^sam_(prompt_encoder|mask_decoder)\.", r"\1."),
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"neck\.convs\.(\d)\.conv\.", r"neck.convs.\1."),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (r"\.out_proj\.", ".o_proj."),
    (r"pred_obj_score_head\.layers\.0\.", "pred_obj_score_head.proj_in."),
    (r"pred_obj_score_head\.layers\.1\.", "pred_obj_score_head.layers.0."),
    (r"pred_obj_score_head\.layers\.2\.", "pred_obj_score_head.proj_out."),
    (r"^no_mem_embed$", "no_memory_embedding"),
]


def renamed_sam2(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in the official layout, under transformers' names."""
    half_way = {}
    for name, tensor in state.items():
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        half_way[name] = tensor
    theirs = renamed(half_way)
    labels = [theirs.pop(f"prompt_encoder.point_embed.{label}.weight") for label in range(4)]
    return theirs | {"prompt_encoder.point_embed.weight": torch.cat(labels)}


def twin_sam2(state: dict[str, Tensor], sizes: dict[str, Any], dynamic: bool = False) -> Any:
    """transformers' model of `sizes` (arguments of our `build`), with these weights. With
    `dynamic` it answers with another mask where the single one is unstable."""
    dims = [sizes["dim"] * 2**stage for stage in range(4)]
    side = sizes["input_size"] // 4
    trunk = {
        "hidden_size": sizes["dim"],
        "num_attention_heads": sizes["heads"],
        "image_size": [sizes["input_size"], sizes["input_size"]],
        "window_positional_embedding_background_size": [sizes["window_background"]] * 2,
        "blocks_per_stage": list(sizes["stages"]),
        "embed_dim_per_stage": dims,
        "num_attention_heads_per_stage": [sizes["heads"] * 2**stage for stage in range(4)],
        "window_size_per_stage": list(sizes["windows"]),
        "global_attention_blocks": list(sizes["global_blocks"]),
        "model_type": "sam2_hiera_det_model",
    }
    config = transformers.Sam2Config(
        vision_config={
            "backbone_config": trunk,
            "backbone_channel_list": dims[::-1],
            "backbone_feature_sizes": [[side // step] * 2 for step in (1, 2, 4)],
        },
        prompt_encoder_config={"image_size": sizes["input_size"]},
        mask_decoder_config={"dynamic_multimask_via_stability": dynamic},
    )
    model = transformers.Sam2Model(config).eval()
    model.load_state_dict(renamed_sam2(state), strict=True)
    return model
