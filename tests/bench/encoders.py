"""Encoders: CPU-seconds of ONNX Runtime against plain eager float32 PyTorch in the same run.

One thread, one image of 1024 x 1024, random weights, the cases in turn in every round. `int8` is
dynamic quantisation of matrix products, per channel; what it costs is measured on the masks of the
model that ships, since random weights say nothing about it. On a GPU: images a second, ours
against eager float32.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from PIL import Image
from torch import nn

from tests.bench.plain_vit import PlainViTB
from tests.bench.statistics import paired_ratio, spread
from workers.sam.bundle import find_bundle
from workers.sam.families import build
from workers.sam.families.attention import plain_attention
from workers.sam.families.base import PromptableModel
from workers.sam.families.encoder_graph import export_encoder
from workers.sam.predictor import OnnxPredictor, Prompts
from workers.sam.torch_encoder import fold_positions

ROUNDS = {"sam-vit-b": 2, "mobile-sam": 5}
PHOTOGRAPHS = Path(__file__).resolve().parents[2] / "samweb" / "exports" / "demo" / "data"
GPU_BATCH, GPU_ROUNDS = 8, 10


def session(path: Path, level: Any = None, save: Path | None = None) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    if level is not None:
        options.graph_optimization_level = level
    if save is not None:
        options.optimized_model_filepath = str(save)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def quantised(path: Path, folder: Path) -> Path:
    """The int8 form of a graph; weights stored as halves are widened first."""
    plain, small = folder / "widened.onnx", folder / f"{path.stem}-int8.onnx"
    session(path, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC, plain)
    graph = onnx.load(str(plain)).graph
    # A stack of matrices (SAM's relative positions) has no int8 kernel by channel.
    stacks = {constant.name for constant in graph.initializer if len(constant.dims) != 2}
    left = [node.name for node in graph.node if node.op_type == "MatMul" and stacks & {*node.input}]
    quantize_dynamic(
        plain,
        small,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=left,
    )
    return small


def yardstick(name: str, model: PromptableModel) -> Callable[[torch.Tensor], torch.Tensor]:
    """The same weights in the plain eager form."""
    if name == "sam-vit-b":
        plain: nn.Module = PlainViTB().eval()
        plain.load_state_dict(model.get_submodule("image_encoder").state_dict())
        return plain

    def eager(image: torch.Tensor) -> torch.Tensor:
        with plain_attention():
            return model.encode(image)[0]

    return eager


def cpu_seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    answer = work()
    return time.process_time() - started, answer


def on_cpu(name: str, folder: Path) -> dict[str, Any]:
    torch.manual_seed(0)
    model = build(name).eval()
    path = folder / f"{name}.onnx"
    export_encoder(model, path)
    eager, whole = yardstick(name, model), session(path)
    small = session(quantised(path, folder))
    image = torch.randn(1, 3, 1024, 1024)
    feeds = {"image": image.numpy()}
    cases: dict[str, Callable[[], np.ndarray]] = {
        "eager": lambda: eager(image).numpy(),
        "onnxruntime": lambda: whole.run(None, feeds)[0],
        "int8": lambda: small.run(None, feeds)[0],
    }
    seconds: dict[str, list[float]] = {case: [] for case in cases}
    answers = {}
    with torch.no_grad():
        for _ in range(ROUNDS[name]):
            for case, work in cases.items():
                took, answers[case] = cpu_seconds(work)
                seconds[case].append(took)
    return {
        "cpu_s": {case: spread(samples) for case, samples in seconds.items()},
        "onnxruntime_over_eager": paired_ratio(seconds["onnxruntime"], seconds["eager"]),
        "int8_over_eager": paired_ratio(seconds["int8"], seconds["eager"]),
        "largest_difference": float(np.abs(answers["onnxruntime"] - answers["eager"]).max()),
        "file_mb": round(path.stat().st_size / 1e6, 1),
    }


def int8_cost(folder: Path) -> dict[str, Any]:
    """IoU of the shipped model's masks with an int8 encoder against those with its own."""
    bundle = find_bundle()
    encoder = bundle.graph("encoder")
    assert encoder is not None
    exact, near = OnnxPredictor(bundle, threads=1), OnnxPredictor(bundle, threads=1)
    near._sessions["encoder"] = session(quantised(encoder, folder))
    ious, took = [], {"float": 0.0, "int8": 0.0}
    for path in sorted(PHOTOGRAPHS.glob("*.jpg")):
        picture = np.asarray(Image.open(path).convert("RGB"))
        size = (picture.shape[1], picture.shape[0])
        seconds, (one,) = cpu_seconds(lambda: exact.encode([picture]))  # noqa: B023
        took["float"] += seconds
        seconds, (other,) = cpu_seconds(lambda: near.encode([picture]))  # noqa: B023
        took["int8"] += seconds
        for y, x in np.ndindex(5, 5):
            prompts = Prompts(points=[((x + 0.5) * size[0] / 5, (y + 0.5) * size[1] / 5, 1)])
            logits, scores = exact.decode(one, prompts, size)
            chosen = exact.choose(logits, scores, prompts, size)
            mask = logits[chosen] > 0
            again = near.decode(other, prompts, size)[0][chosen] > 0
            union = np.count_nonzero(mask | again)
            ious.append(np.count_nonzero(mask & again) / union if union else 1.0)
    return {
        "mean_iou": round(float(np.mean(ious)), 4),
        "worst_iou": round(float(np.min(ious)), 4),
        "masks": len(ious),
        "int8_over_float_cpu": round(took["int8"] / took["float"], 3),
    }


def on_gpu() -> dict[str, Any] | str:
    """Images a second of the compiled bfloat16 encoder against eager float32, batches of eight."""
    if not torch.cuda.is_available():
        return "no GPU here"
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    found: dict[str, Any] = {"device": torch.cuda.get_device_name()}
    images = torch.randn(GPU_BATCH, 3, 1024, 1024, device="cuda")
    for name in ROUNDS:
        model = build(name).eval().cuda()
        if name == "sam-vit-b":
            plain = PlainViTB().eval().cuda()
            eager = paced(lambda: plain(images))  # noqa: B023
            del plain
        else:
            with plain_attention():
                eager = paced(lambda: model.encode(images))  # noqa: B023
        fold_positions(model)
        compiled = torch.compile(model.encode, dynamic=False)
        with torch.autocast("cuda", torch.bfloat16):
            ours = paced(lambda: compiled(images))  # noqa: B023
        found[name] = {
            "eager_per_s": round(eager, 2), "ours_per_s": round(ours, 2),
            "ours_over_eager": round(ours / eager, 2),
        }  # fmt: skip
    return found


def paced(work: Callable[[], Any]) -> float:
    """Images a second, after a warm-up."""
    with torch.inference_mode():
        for _ in range(3):
            work()
        torch.cuda.synchronize()
        started = time.monotonic()
        for _ in range(GPU_ROUNDS):
            work()
        torch.cuda.synchronize()
    return GPU_BATCH * GPU_ROUNDS / (time.monotonic() - started)


def measure() -> dict[str, Any]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            found: dict[str, Any] = {name: on_cpu(name, Path(folder)) for name in ROUNDS}
            found["int8_on_the_shipped_model"] = int8_cost(Path(folder))
    finally:
        torch.set_num_threads(threads)
    found["gpu"] = on_gpu()
    return found
