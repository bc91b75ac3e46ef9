"""A whole bundle from any promptable model: `export_bundle`.

The graphs: `encoder` for the worker; `prepare`, `decode`, `decode_with_mask` and `refine` for the
browser and the worker; `official` for other tools. `decode` and `decode_with_mask` differ in the
previous mask only, so that a click does not pay for what it has not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from workers.sam.bundle import FORMAT, bundle_id, file_entry
from workers.sam.export.edge_refiner import CROP_SIZE, EdgeRefiner
from workers.sam.export.graphs import Graph, write_graph
from workers.sam.export.official import OFFICIAL_INPUTS, OFFICIAL_OUTPUTS, OfficialGraph
from workers.sam.export.splits import Prompt, SplitDecoder, split_decoder
from workers.sam.families.base import PromptableModel

ANSWERS = ("low_res_masks", "iou_predictions")
PROMPTS = ("point_coords", "point_labels", "prompt_tokens")
MASKS = ("mask_input", "has_mask_input")
FREE_PROMPTS = {
    "point_coords": {1: "points"},
    "point_labels": {1: "points"},
    "prompt_tokens": {1: "tokens"},
    "wanted_masks": {0: "masks"},
}


@dataclass(frozen=True)
class About:
    """What a manifest says of a model besides its sizes. `family` is the module in families/."""

    name: str
    family: str
    version: str = "1"
    licence: str = "Apache-2.0"
    training: Mapping[str, Any] = field(default_factory=dict)
    candidates: Sequence[str] | None = None  # other names for the model's candidates
    variant: str = ""  # in the catalogue, where the bundle is called something else


@dataclass(frozen=True)
class Choices:
    """What to write. Half weights halve the download; for `decode` they cost a slower start."""

    half_encoder: bool = True
    half_decoder: bool = False
    official: bool = True
    weights: bool = False  # weights.safetensors, as float16: for notebooks, refining and GPUs
    embedding_dtype: str = "float16"  # or "int8" with scales: how embeddings travel


class EncoderGraph(nn.Module):
    """image [B,3,S,S] -> the tensors of an embedding."""

    def __init__(self, model: PromptableModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Encode."""
        return self.model.encode(image)


class PrepareGraph(nn.Module):
    """An embedding -> what all its decodes share."""

    def __init__(self, split: SplitDecoder) -> None:
        super().__init__()
        self.split = split

    def forward(self, *embedding: Tensor) -> tuple[Tensor, ...]:
        """Prepare."""
        return self.split.prepare(*embedding)


class DecodeGraph(nn.Module):
    """Prepared tensors, then a prompt's, as `names` orders them -> masks and their IoUs."""

    def __init__(self, split: SplitDecoder, prepared: int, names: Sequence[str]) -> None:
        super().__init__()
        self.split, self.prepared, self.names = split, prepared, names

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Decode one prompt."""
        given = dict(zip(self.names, inputs[self.prepared :], strict=True))
        options = {name: given[name] for name in self.split.defaults}
        known = {name: given[name] for name in (*PROMPTS, *MASKS) if name in given}
        return self.split.decode(inputs[: self.prepared], Prompt(**known, options=options))


def export_bundle(
    model: PromptableModel, folder: Path, about: About, choices: Choices | None = None
) -> str:
    """Write a bundle's files into `folder`; returns the bundle's id."""
    choices = choices or Choices()
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval()
    split = split_decoder(model, about.family)
    entries: dict[str, dict[str, Any]] = {}
    encoder, others = encoder_graph(model), decoder_graphs(model, split)
    others["refine"] = refine_graph()
    if choices.official:
        others["official"] = official_graph(model)
    for name, graph in {"encoder": encoder, **others}.items():
        half = choices.half_encoder if name == "encoder" else choices.half_decoder
        inputs, outputs = write_graph(graph, folder / f"{name}.onnx", half)
        entries[name] = file_entry(folder / f"{name}.onnx") | {"inputs": inputs, "outputs": outputs}
    if choices.weights:
        halves = {name: value.half().contiguous() for name, value in model.state_dict().items()}
        save_file(halves, folder / "weights.safetensors")
    manifest = manifest_of(model, split, about, entries, choices.embedding_dtype)
    if choices.weights:
        named = file_entry(folder / "weights.safetensors") | {
            "variant": about.variant or about.name
        }
        manifest["weights"] = named
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return bundle_id(manifest)


def encoder_graph(model: PromptableModel) -> Graph:
    """The encoder, for any number of images."""
    size = model.spec.preprocessing.input_size
    names = tuple(name for name, _ in model.spec.embedding)
    free = {name: {0: "batch"} for name in ("image", *names)}
    return Graph(EncoderGraph(model), {"image": torch.randn(2, 3, size, size)}, names, free)


def example_embedding(model: PromptableModel) -> dict[str, Tensor]:
    """Numbers in the shapes of an embedding of one image."""
    return {name: torch.randn(shape) for name, shape in model.spec.embedding}


def decoder_graphs(model: PromptableModel, split: SplitDecoder) -> dict[str, Graph]:
    """prepare (unless there is nothing to prepare), decode and decode_with_mask."""
    spec = model.spec
    embedding = example_embedding(model)
    graphs, prepared = {}, embedding
    if split.prepared:
        graphs["prepare"] = Graph(PrepareGraph(split), embedding, split.prepared, {})
        with torch.no_grad():
            made = split.prepare(*embedding.values())
        prepared = dict(zip(split.prepared, made, strict=True))
    size, low = spec.preprocessing.input_size, spec.low_res_size
    prompt = {
        "point_coords": torch.rand(1, 3, 2) * size,
        "point_labels": torch.tensor([[1.0, 0.0, 1.0]]),
        "prompt_tokens": torch.zeros(1, 2, spec.prompt_token_channels),
        **{name: torch.tensor(values) for name, values in split.defaults.items()},
    }
    mask = {"mask_input": torch.randn(1, 1, low, low), "has_mask_input": torch.ones(1)}
    kinds = {"decode": prompt} | ({"decode_with_mask": prompt | mask} if spec.takes_masks else {})
    for name, asked in kinds.items():
        module = DecodeGraph(split, len(prepared), list(asked))
        graphs[name] = Graph(module, prepared | asked, ANSWERS, FREE_PROMPTS)
    return graphs


def official_graph(model: PromptableModel) -> Graph:
    """The single graph with SAM's names."""
    size, low = model.spec.preprocessing.input_size, model.spec.low_res_size
    values = (
        torch.rand(1, 3, 2) * size,
        torch.tensor([[1.0, 0.0, 1.0]]),
        torch.zeros(1, 1, low, low),
        torch.zeros(1),
        torch.tensor([683.0, 1024.0]),
    )
    inputs = example_embedding(model) | dict(zip(OFFICIAL_INPUTS, values, strict=True))
    free = {name: FREE_PROMPTS[name] for name in ("point_coords", "point_labels")}
    free["masks"] = {2: "height", 3: "width"}
    return Graph(OfficialGraph(model), inputs, OFFICIAL_OUTPUTS, free)


def refine_graph() -> Graph:
    """The second look at edges, the same for every model (`export/edge_refiner.py`)."""
    inputs = {
        "crop": torch.randn(1, 3, CROP_SIZE, CROP_SIZE),
        "coarse_logits": torch.randn(1, 1, CROP_SIZE, CROP_SIZE),
        "point_coords": torch.rand(1, 3, 2) * CROP_SIZE,
        "point_labels": torch.tensor([[1.0, 0.0, 1.0]]),
    }
    free = {name: FREE_PROMPTS[name] for name in ("point_coords", "point_labels")}
    return Graph(EdgeRefiner(), inputs, ("refined_logits",), free)


def manifest_of(
    model: PromptableModel,
    split: SplitDecoder,
    about: About,
    entries: Mapping[str, Mapping[str, Any]],
    embedding_dtype: str = "float16",
) -> dict[str, Any]:
    """The manifest: docs/model.md explains its parts."""
    spec, preprocessing = model.spec, model.spec.preprocessing
    size = preprocessing.input_size
    return {
        "format": FORMAT,
        "name": about.name,
        "version": about.version,
        "family": about.family,
        "licence": about.licence,
        "preprocess": {
            "input_size": [size, size],
            "resize": preprocessing.resize,
            "interpolation": "bilinear_antialias",
            "pad": "bottom_right",
            "pad_value": 0,
            "mean": list(preprocessing.mean),
            "std": list(preprocessing.std),
            "layout": "NCHW",
            "channel_order": "RGB",
            "scale": "0..255 minus mean over std, then zero padding",
        },
        "tensors": [
            {"name": name, "shape": list(shape), "dtype": embedding_dtype}
            for name, shape in spec.embedding
        ],
        "graphs": dict(entries),
        "decode_defaults": {name: list(values) for name, values in split.defaults.items()},
        "refine_size": CROP_SIZE,
        "low_res_size": [spec.low_res_size, spec.low_res_size],
        "candidates": list(about.candidates or spec.candidates),
        "single_candidate": spec.single_candidate,
        "scored_clicks": spec.scored_clicks,
        "prompt_token_channels": spec.prompt_token_channels,
        "prompt_kinds": [
            "points",
            "boxes",
            *(["mask_input"] if spec.takes_masks else []),
            "scribble",
        ],
        "scribble_rule": {"spacing_image_px_of_long_side": 0.02, "max_points": 12},
        "training": dict(about.training),
    }
