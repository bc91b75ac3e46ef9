"""Encoding with PyTorch, for a worker that has a GPU.

What is done about speed: bfloat16 arithmetic under autocast, fused attention, a compiled encoder
with two fixed shapes (one image, one full batch), and a conveyor: threads decode and resize the
next batches while the GPU is busy with this one, and answers travel back while the next one runs.

On a CPU it computes in float32 and is there for tests: ONNX Runtime is the faster one there.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from workers.sam.bundle import Bundle, BundleError, check_file, load_bundle
from workers.sam.families import build
from workers.sam.families.base import PromptableModel
from workers.sam.families.sam import RelativeAttention
from workers.sam.preprocess import preprocess

log = logging.getLogger(__name__)

BATCH = 8
AHEAD = 2  # batches that are being decoded and resized while one is being encoded

Encode = Callable[[Tensor], tuple[Tensor, ...]]


@dataclass
class _Pass:
    """A batch on its way: how many images count, where their tensors land, and when."""

    count: int
    tensors: list[Tensor]
    done: torch.cuda.Event | None


def available() -> bool:
    """Whether PyTorch is here and sees a GPU."""
    return torch.cuda.is_available()


class TorchEncoder:
    """The encoder of a bundle that carries weights; `device` is "cuda" or "cpu"."""

    def __init__(
        self,
        bundle: Bundle | Path | str,
        device: str = "cuda",
        compiled: bool = True,
        batch: int = BATCH,
        threads: int | None = None,
    ) -> None:
        self.bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        self.device = torch.device(device)
        self.batch = batch
        self.input_size = self.bundle.input_size
        self._cuda = self.device.type == "cuda"
        self._pool = ThreadPoolExecutor(threads or min(16, os.cpu_count() or 1), "resize")
        self.model = load_model(self.bundle).to(self.device)
        self._encode: Encode = self.model.encode
        if self._cuda:
            torch.set_float32_matmul_precision("high")
            # Convolutions with few channels are fastest with the channels last.
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if compiled:
            self._encode = self._compiled()

    def encode(self, rasters: Sequence[np.ndarray]) -> list[dict[str, np.ndarray]]:
        """RGB uint8 rasters (height, width, 3) -> for each its tensors by name, leading axis 1, in
        the manifest's dtype.

        A raster is asked for by index once, in a thread, shortly before it is needed: a sequence
        that decodes files when asked keeps the decoding off the GPU's time as well.
        """
        answers: list[dict[str, np.ndarray]] = []
        waiting: deque[_Pass] = deque()
        for count, images in self._batches(rasters):
            waiting.append(self._start(count, images))
            if len(waiting) > 1:
                answers += self._finish(waiting.popleft())
        while waiting:
            answers += self._finish(waiting.popleft())
        return answers

    def _batches(self, rasters: Sequence[np.ndarray]) -> Iterator[tuple[int, Tensor]]:
        """How many images, and the images [1 or batch,3,S,S]; an unfilled batch ends in zeros."""
        starts = deque(range(0, len(rasters), self.batch))
        begun: deque[tuple[Tensor, list[Future[None]]]] = deque()
        while starts or begun:
            while starts and len(begun) <= AHEAD:
                begun.append(self._begin(rasters, starts.popleft()))
            images, work = begun.popleft()
            for each in work:
                each.result()
            yield len(work), images

    def _begin(
        self, rasters: Sequence[np.ndarray], start: int
    ) -> tuple[Tensor, list[Future[None]]]:
        count = min(self.batch, len(rasters) - start)
        shape = (1 if count == 1 else self.batch, 3, self.input_size, self.input_size)
        images = torch.zeros(shape, pin_memory=self._cuda)
        submit = self._pool.submit
        return images, [
            submit(self._resize, rasters, start + at, images[at]) for at in range(count)
        ]

    def _resize(self, rasters: Sequence[np.ndarray], index: int, into: Tensor) -> None:
        into.copy_(torch.from_numpy(preprocess(rasters[index], self.input_size)))

    def _start(self, count: int, images: Tensor) -> _Pass:
        """Send, encode, send back; on a GPU all of it is only queued."""
        tensors = self._run(self._encode, images.to(self.device, non_blocking=True))
        back = []
        for tensor, spec in zip(tensors, self.bundle.tensors, strict=True):
            home = torch.empty(
                tensor.shape, dtype=getattr(torch, spec.dtype), pin_memory=self._cuda
            )
            back.append(home.copy_(tensor.to(home.dtype), non_blocking=True))
        done = None
        if self._cuda:
            done = torch.cuda.Event()
            done.record()
        return _Pass(count, back, done)

    def _finish(self, batch: _Pass) -> list[dict[str, np.ndarray]]:
        """Wait for a batch; one dict for each of its images."""
        if batch.done is not None:
            batch.done.synchronize()
        names = [spec.name for spec in self.bundle.tensors]
        arrays = [tensor.numpy() for tensor in batch.tensors]
        return [
            {name: array[at : at + 1] for name, array in zip(names, arrays, strict=True)}
            for at in range(batch.count)
        ]

    def _run(self, encode: Encode, images: Tensor) -> tuple[Tensor, ...]:
        kind = self.device.type
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=self._cuda):
            return encode(images)

    def _compiled(self) -> Encode:
        """The encoder compiled for both shapes; as it is where compiling does not work."""
        compiled: Encode = torch.compile(self.model.encode, dynamic=False)
        size = self.input_size
        try:
            for count in sorted({1, self.batch}):
                self._run(compiled, torch.zeros(count, 3, size, size, device=self.device))
        except Exception as error:
            log.warning("the encoder is used uncompiled: %s", str(error).splitlines()[0])
            return self.model.encode
        return compiled


def load_model(bundle: Bundle) -> PromptableModel:
    """The PyTorch model of a bundle that carries weights. Raises BundleError in one sentence."""
    entry = bundle.manifest.get("weights")
    if not entry:
        raise BundleError(f"The bundle {bundle.name} carries no weights for PyTorch.")
    path = check_file(bundle.folder, entry)
    try:
        model = build(str(entry["variant"]))
        model.load_state_dict(load_file(path))
    except (KeyError, OSError, RuntimeError, SafetensorError) as error:
        reason = str(error.args[0] if error.args else error).splitlines()[0]
        raise BundleError(f"The weights of {bundle.name} do not load: {reason}") from error
    fold_positions(model)
    return model.eval()


def fold_positions(model: PromptableModel) -> None:
    """Let SAM's relative positions be part of the product of queries and keys: the same scores, and
    fused attention without a table of biases (0.4 GB for an image and a global block of ViT-B)."""
    for part in model.modules():
        if isinstance(part, RelativeAttention):
            part.folded_positions = True
