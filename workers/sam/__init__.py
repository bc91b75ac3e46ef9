"""The model family that samweb trains and ships, and the light code that runs it.

Reading order: `config`, `image_encoder`, `prompt_encoder`, `transformer`, `mask_decoder`, `model`
(these need torch); `preprocess`, `bundle`, `predictor`, `selection`, `clicks`, `evaluation` run on
numpy, Pillow and onnxruntime alone. Nothing here knows Django or Celery.
"""
