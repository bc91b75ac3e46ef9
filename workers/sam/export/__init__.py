"""From a PyTorch model to a bundle: graphs for the worker and the browser, and a manifest.

Reading order: `bundle` (what a bundle is made of), `graphs` (writing one), `splits` (how a
family's decoder is cut in two), `low_rank`, `folded` and `upscaling` (SAM's decoder, folded).
"""
