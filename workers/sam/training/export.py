"""From a checkpoint to a bundle: `python -m workers.sam.training.export --help`.

Weights are stored as float16 and widened once when a session starts; all arithmetic is float32.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from safetensors.torch import save_file
from torch import Tensor, nn

from workers.sam.bundle import FORMAT, bundle_id, file_entry
from workers.sam.families.small.mask_decoder import PREPARED, PreparedImage
from workers.sam.families.small.model import Sam, load_weights
from workers.sam.preprocess import MEAN, STD

OPSET = 17
EMBEDDING_DTYPE = "int8"  # half of float16's bytes for less than 0.002 mIoU: docs/model.md
SMALL = 256  # constants with fewer numbers stay float32: they are shapes, scales and biases


class EncoderGraph(nn.Module):
    """image [B,3,S,S] -> the tensors of an embedding."""

    def __init__(self, model: Sam) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Encode."""
        return self.model.encode(image)


class PrepareGraph(nn.Module):
    """An embedding -> what all its decodes share."""

    def __init__(self, model: Sam) -> None:
        super().__init__()
        self.model = model

    def forward(self, image_embeddings: Tensor, edge_embeddings: Tensor) -> tuple[Tensor, ...]:
        """Prepare."""
        image = self.model.prepare(image_embeddings, edge_embeddings)
        return tuple(getattr(image, name) for name in PREPARED)


class DecodeGraph(nn.Module):
    """Prepared tensors and prompts -> masks and their IoUs."""

    def __init__(self, model: Sam) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        features: Tensor,
        keys: Tensor,
        pooled: Tensor,
        lateral_8: Tensor,
        lateral_4: Tensor,
        point_coords: Tensor,
        point_labels: Tensor,
        prompt_tokens: Tensor,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Decode one prompt."""
        image = PreparedImage(features, keys, pooled, lateral_8, lateral_4)
        return self.model.decode(
            image, point_coords, point_labels, prompt_tokens, mask_input, has_mask_input
        )


def export_graphs(model: Sam, folder: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Write the four graphs; returns the names of their inputs and outputs."""
    model = model.eval()
    size, low = model.config.input_size, model.config.low_res_size
    image = torch.randn(2, 3, size, size)
    embeddings = tuple(tensor[:1] for tensor in model.encode(image))
    prepared = tuple(getattr(model.prepare(*embeddings), name) for name in PREPARED)
    points = (torch.rand(1, 3, 2) * size, torch.tensor([[1.0, 0.0, 1.0]]))
    tokens = torch.zeros(1, 2, model.config.embed_dim)
    mask = (torch.randn(1, 1, low, low), torch.ones(1))

    embedding_names = ["image_embeddings", "edge_embeddings"]
    prepared_names = [f"image_{name}" for name in PREPARED]
    prompt_names = ["point_coords", "point_labels", "prompt_tokens"]
    mask_names = ["mask_input", "has_mask_input"]
    answers = ["low_res_masks", "iou_predictions"]
    free = {"point_coords": {1: "points"}, "point_labels": {1: "points"}}
    free |= {"prompt_tokens": {1: "tokens"}}
    graphs = {
        "encoder": (EncoderGraph(model), (image,), ["image"], embedding_names),
        "prepare": (PrepareGraph(model), embeddings, embedding_names, prepared_names),
        "decode": (
            DecodeGraph(model),
            (*prepared, *points, tokens),
            prepared_names + prompt_names,
            answers,
        ),
        "decode_with_mask": (
            DecodeGraph(model),
            (*prepared, *points, tokens, *mask),
            prepared_names + prompt_names + mask_names,
            answers,
        ),
    }
    batch = {name: {0: "batch"} for name in ["image", *embedding_names]}
    for name, (graph, example, inputs, outputs) in graphs.items():
        axes = batch if name == "encoder" else free
        axes = {key: value for key, value in axes.items() if key in inputs + outputs}
        _export(graph, example, inputs, outputs, axes, folder / f"{name}.onnx")
    return {name: (inputs, outputs) for name, (_, _, inputs, outputs) in graphs.items()}


def _export(
    graph: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
    path: Path,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.eval(),  # torch puts a model back into the mode it was found in
            example,
            str(path),
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            do_constant_folding=True,
            dynamo=False,
        )
    _simplify(path)
    stored = with_half_weights(onnx.load(str(path)))
    onnx.checker.check_model(stored)
    onnx.save(stored, str(path))


def _simplify(path: Path) -> None:
    """Let onnxruntime fold what is constant: fewer nodes are fewer calls in the browser."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


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


def write_manifest(
    model: Sam, folder: Path, names: dict[str, tuple[list[str], list[str]]], about: dict
) -> str:
    """Write manifest.json beside the graphs; returns the bundle's id."""
    config = model.config
    size, side = config.input_size, config.embedding_size
    manifest = {
        "format": FORMAT,
        "name": "samweb-small",
        "version": about["version"],
        "family": config.family,
        "licence": "Apache-2.0",
        "preprocess": {
            "input_size": [size, size],
            "resize": "longest_side",
            "interpolation": "bilinear_antialias",
            "pad": "bottom_right",
            "pad_value": 0,
            "mean": list(MEAN),
            "std": list(STD),
            "layout": "NCHW",
            "channel_order": "RGB",
            "scale": "0..255 minus mean over std, then zero padding",
        },
        "tensors": [
            {
                "name": "image_embeddings",
                "shape": [1, config.embed_dim, side, side],
                "dtype": about["embedding_dtype"],
            },
            {
                "name": "edge_embeddings",
                "shape": [1, config.edge_dim, 2 * side, 2 * side],
                "dtype": about["embedding_dtype"],
            },
        ],
        "graphs": {
            name: file_entry(folder / f"{name}.onnx") | {"inputs": inputs, "outputs": outputs}
            for name, (inputs, outputs) in names.items()
        },
        "low_res_size": [config.low_res_size, config.low_res_size],
        "candidates": about["candidates"],
        "single_candidate": 0,
        "prompt_token_channels": config.embed_dim,
        "prompt_kinds": ["points", "boxes", "mask_input", "scribble"],
        "scribble_rule": {"spacing_image_px_of_long_side": 0.02, "max_points": 12},
        "training": about["training"],
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return bundle_id(manifest)


def load_averaged(checkpoint: Path) -> tuple[Sam, dict]:
    """The averaged model of a checkpoint, and how far training had come."""
    saved = load_weights(str(checkpoint))
    model = Sam()
    model.load_state_dict(saved["averaged"])
    return model.eval(), saved["progress"]


def export_bundle(
    checkpoint: Path,
    folder: Path,
    version: str,
    candidates: list[str],
    data: list[str],
    embedding_dtype: str = EMBEDDING_DTYPE,
) -> str:
    """Write a whole bundle; returns its id."""
    folder.mkdir(parents=True, exist_ok=True)
    model, progress = load_averaged(checkpoint)
    names = export_graphs(model, folder)
    # For notebooks, and for `train --refine`: what took hours must not have to be made again.
    halves = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(halves, folder / "weights.safetensors")
    training = {"data": data, "images_seen": progress["images_seen"], "commit": ""}
    about = {"version": version, "candidates": candidates, "training": training}
    about |= {"embedding_dtype": embedding_dtype}
    return write_manifest(model, folder, names, about)


def main() -> None:
    """Command line."""
    from workers.sam.training.real_sets import TRAINING_SETS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument(
        "--candidates", nargs=4, default=["single", "whole", "part", "subpart"], metavar="NAME"
    )
    parser.add_argument(
        "--embedding-dtype", choices=("float16", "float32", "int8"), default=EMBEDDING_DTYPE
    )
    options = parser.parse_args()
    data = [*TRAINING_SETS, "unlabelled_photos", "procedural scenes"]
    made = export_bundle(
        options.checkpoint,
        options.out,
        options.version,
        options.candidates,
        data,
        options.embedding_dtype,
    )
    total = sum(path.stat().st_size for path in options.out.iterdir())
    print(f"{options.out}: bundle {made}, {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
