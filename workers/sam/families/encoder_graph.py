"""The image encoder of any family as one ONNX file: `export_encoder`.

What makes it fast in ONNX Runtime: batch norms are folded into the convolutions before them, every
side of the grid is a number in the graph (only the batch is free), attention is spelled as plain
products, and what is constant is folded once here instead of at every start of a worker. The
remaining fusions (LayerNorm, GELU, blocked convolutions) depend on the processor and are left to
the session that loads the file.

An ONNX file holds 2 GB at most, and weights in files beside it are refused by samweb. A model whose
float32 weights do not fit (SAM ViT-H, 2.5 GB) is therefore stored as float16, whatever was asked
for; arithmetic is float32 all the same, since a session widens the weights when it starts.
"""

from __future__ import annotations

import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from workers.sam.families.base import PromptableModel

OPSET = 17
LARGEST_FILE = 2_000_000_000  # bytes; protobuf refuses 2^31
SMALLEST_HALVED = 256  # constants with fewer numbers stay float32: shapes, scales and biases
HALF_RANGE = 60_000.0


class _Encoder(nn.Module):
    """image [B,3,S,S] -> the tensors of an embedding, in stored order."""

    def __init__(self, model: PromptableModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Encode."""
        return self.model.encode(image)


def fold_batch_norms(module: nn.Module) -> nn.Module:
    """The same function with every convolution-then-batch-norm pair of an nn.Sequential as one
    convolution with a bias. The given module is left as it is; the result is in eval mode, and
    shares nothing with it only where there was something to fold."""
    if not any(isinstance(part, nn.BatchNorm2d) for part in module.modules()):
        return module.eval()
    folded = copy.deepcopy(module).eval()
    for part in list(folded.modules()):
        for name, child in list(part.named_children()):
            match list(child) if isinstance(child, nn.Sequential) else []:
                case [nn.Conv2d() as conv, nn.BatchNorm2d() as norm]:
                    setattr(part, name, fuse_conv_bn_eval(conv, norm))
    return folded


def export_encoder(model: PromptableModel, path: Path, half: bool = False) -> None:
    """Write `image` [B,3,S,S] -> the tensors of `model.spec.embedding` as one ONNX file, opset 17.

    `half` stores weights as float16; a model beyond 2 GB is stored so in any case.
    """
    size = model.spec.preprocessing.input_size
    names = [name for name, _ in model.spec.embedding]
    weights = sum(value.numel() * value.element_size() for value in model.state_dict().values())
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        traced = Path(folder) / "traced.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _Encoder(fold_batch_norms(model)).eval(),  # type: ignore[arg-type]
                (torch.zeros(1, 3, size, size),),
                str(traced),
                input_names=["image"],
                output_names=names,
                dynamic_axes={name: {0: "batch"} for name in ["image", *names]},
                opset_version=OPSET,
                do_constant_folding=True,
                dynamo=False,
            )
        if weights < LARGEST_FILE:  # larger ones are folded by the session that loads them
            _fold_constants(traced)
        graph = onnx.load(str(traced))  # with the weights that stand beside it, if any
    if half or weights >= LARGEST_FILE:
        _halve_weights(graph)
    onnx.save(graph, str(path))
    onnx.checker.check_model(str(path))


def _fold_constants(path: Path) -> None:
    """Rewrite a graph with everything constant computed, weights transposed among it."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


def _halve_weights(model: onnx.ModelProto) -> None:
    """Store large float32 constants as float16, widened by a Cast where they are used."""
    casts = []
    for constant in model.graph.initializer:
        values = numpy_helper.to_array(constant)
        large = values.dtype == np.float32 and values.size >= SMALLEST_HALVED
        if not large or np.abs(values).max() > HALF_RANGE:
            continue
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(
            helper.make_node(
                "Cast", [f"{name}_half"], [name], name=f"{name}_widened", to=onnx.TensorProto.FLOAT
            )
        )
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
