"""The encoder of this worker: loaded when the first image arrives, dropped when it is idle.

The files come from the store, so a worker can encode with every registered bundle, not only with
those that ship with it.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Protocol

import numpy as np
from django.conf import settings

from samweb.core.files import store
from samweb.embeddings import selectors
from samweb.embeddings.models import Bundle
from workers.sam.bundle import BUNDLES_FOLDER, bundle_folders

log = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
SHIPPED = BUNDLES_FOLDER


class Encoder(Protocol):
    """What encodes: RGB uint8 rasters (height, width, 3) to named tensors, one dict each.

    Rasters may be decoded when they are asked for, each once, in whatever thread asks.
    """

    def encode(self, rasters: Sequence[np.ndarray]) -> list[dict[str, np.ndarray]]: ...


class _Loaded:
    """The one encoder in memory."""

    lock = threading.RLock()
    bundle: str | None = None
    encoder: Encoder | None = None
    used = 0.0


def shipped() -> list[Path]:
    """The folders of the bundles that come with this worker."""
    return bundle_folders(SHIPPED)


def folder_of(bundle: Bundle) -> Path:
    """A folder with a bundle's manifest and files under their own names, made from the store."""
    folder = settings.SAMWEB.data_dir / "tmp" / "bundles" / bundle.id
    folder.mkdir(parents=True, exist_ok=True)
    for entry in selectors.bundle_files(bundle.manifest).values():
        target = folder / entry["file"]
        if not target.is_file() or target.stat().st_size != entry["bytes"]:
            link(store().path("bundles", entry["sha256"]), target)
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        temporary = folder / f".manifest-{os.getpid()}"
        temporary.write_text(json.dumps(bundle.manifest))
        temporary.replace(manifest)
    return folder


def link(source: Path, target: Path) -> None:
    """Put a stored file under another name, without a second copy where that can be."""
    temporary = target.with_name(f".{target.name}-{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, temporary)
    temporary.replace(target)


def load(folder: Path) -> Encoder:
    """Open a bundle's encoder; the first import of onnxruntime or torch happens here.

    On a GPU PyTorch is preferred, where it is installed and the bundle carries weights.
    """
    weights = json.loads((folder / "manifest.json").read_text()).get("weights")
    if weights and _torch_cuda():
        from workers.sam.torch_encoder import TorchEncoder

        return TorchEncoder(folder)
    from workers.sam.predictor import OnnxPredictor

    cpu = "CPUExecutionProvider"
    providers = ("CUDAExecutionProvider", cpu) if _onnx_cuda() else (cpu,)
    return OnnxPredictor(folder, providers=providers)


def encode(bundle: Bundle, rasters: Sequence[np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Encode rasters with a bundle, loading it unless it is the one in memory."""
    with _Loaded.lock:
        if _Loaded.bundle != bundle.id or _Loaded.encoder is None:
            _Loaded.bundle, _Loaded.encoder = None, None
            _Loaded.encoder = load(folder_of(bundle))
            _Loaded.bundle = bundle.id
        try:
            return _Loaded.encoder.encode(rasters)
        finally:
            _Loaded.used = monotonic()


def release_if_idle(seconds: float = IDLE_SECONDS) -> bool:
    """Give the model's memory back when no image has come for a while."""
    if not _Loaded.lock.acquire(blocking=False):
        return False
    try:
        if _Loaded.encoder is None or monotonic() - _Loaded.used < seconds:
            return False
        _Loaded.bundle, _Loaded.encoder = None, None
        _trim()
        return True
    finally:
        _Loaded.lock.release()


def _trim() -> None:
    """Hand freed pages to the system, where the C library has a way to do so."""
    import ctypes
    import gc

    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.compiler.reset()
        torch.cuda.empty_cache()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        log.debug("no malloc_trim on this system")


def cuda() -> bool:
    """Whether encoding runs on a GPU. Raises RuntimeError where SAMWEB_DEVICE wants one and
    neither PyTorch nor onnxruntime offers it."""
    offered = _torch_cuda() or _onnx_cuda()
    if settings.SAMWEB.device == "cuda" and not offered:
        raise RuntimeError(
            "SAMWEB_DEVICE is cuda, but neither PyTorch nor onnxruntime here can use a GPU."
        )
    return offered


def _torch_cuda() -> bool:
    """PyTorch is asked only where a GPU is demanded: importing it takes seconds and memory."""
    if settings.SAMWEB.device != "cuda" or find_spec("torch") is None:
        return False
    from workers.sam import torch_encoder

    return torch_encoder.available()


def _onnx_cuda() -> bool:
    if settings.SAMWEB.device == "cpu":
        return False
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()
