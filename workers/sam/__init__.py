"""The models, and the light code that runs them.

`families` holds the architectures and `training` makes the one that ships (both need torch);
`preprocess`, `bundle`, `predictor`, `selection`, `clicks`, `evaluation` run on numpy, Pillow and
onnxruntime alone. Nothing here knows Django or Celery.
"""
