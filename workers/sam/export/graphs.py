"""Writing one ONNX graph: traced, simplified, without inputs that nothing reads."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

OPSET = 17
SMALL = 256  # constants with fewer numbers stay float32: they are shapes, scales and biases


@dataclass(frozen=True)
class Graph:
    """A module with one example of each input. `free` names the axes that may vary."""

    module: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    free: Mapping[str, Mapping[int, str]]


def write_graph(graph: Graph, path: Path, half: bool) -> tuple[list[str], list[str]]:
    """Write the graph to `path`; returns the names of its inputs and outputs.

    `half` stores weights as float16, widened once when a session starts: half the download, a
    slower start. All arithmetic is float32 either way.
    """
    trace(graph, path)
    _simplify(path)
    model = onnx.load(str(path))
    _drop_unread_inputs(model)
    if half:
        with_half_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return [entry.name for entry in model.graph.input], list(graph.outputs)


def trace(graph: Graph, path: Path) -> None:
    """The graph as torch writes it, as SAM's own export script leaves it."""
    names = [*graph.inputs, *graph.outputs]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.module.eval(),  # torch puts a model back into the mode it was found in
            tuple(graph.inputs.values()),
            str(path),
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={name: dict(graph.free[name]) for name in names if name in graph.free},
            opset_version=OPSET,
            do_constant_folding=True,
            dynamo=False,
        )


def _simplify(path: Path) -> None:
    """Let onnxruntime fold what is constant: fewer nodes are fewer calls in the browser."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


def _drop_unread_inputs(model: onnx.ModelProto) -> None:
    """What a graph does not read need not be copied to it at every run."""
    read = {name for node in model.graph.node for name in node.input}
    kept = [entry for entry in model.graph.input if entry.name in read]
    del model.graph.input[:]
    model.graph.input.extend(kept)


def with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 constants as float16 and cast them back where they are used."""
    casts = []
    for constant in model.graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype != np.float32 or values.size < SMALL or np.abs(values).max() > 60000:
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
    return model
