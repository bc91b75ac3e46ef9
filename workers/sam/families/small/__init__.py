"""The small model that this repository trains and ships (docs/model.md).

Reading order: `config`, `image_encoder`, `prompt_encoder`, `transformer`, `mask_decoder`, `model`.
"""
