"""Running a bundle with onnxruntime: encode images, decode prompts, scale logits up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime

from samweb.tensors import as_stored
from workers.sam import correction, refinement, selection
from workers.sam.bundle import Bundle, TensorSpec, load_bundle
from workers.sam.preprocess import image_to_model, model_size, preprocess

Embedding = dict[str, np.ndarray]
MASK_THRESHOLD = 0.0


@dataclass
class Prompts:
    """What is asked of one image, in image space.

    points: (x, y, label) with label 1 or 0; box: (x0, y0, x1, y1), ends exclusive; mask_input:
    logits [h,w] of an earlier decode at low-res size; tokens: learned prompt tokens [T,C].
    """

    points: list[tuple[float, float, int]] = field(default_factory=list)
    box: tuple[float, float, float, float] | None = None
    mask_input: np.ndarray | None = None
    tokens: np.ndarray | None = None


class OnnxPredictor:
    """One bundle, loaded. Sessions are safe to call from several threads."""

    def __init__(
        self,
        bundle: Bundle | Path | str,
        threads: int = 0,
        providers: tuple[str, ...] = ("CPUExecutionProvider",),
        embedding_dtype: str | None = None,  # to measure another than the manifest's
    ) -> None:
        self.bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        self.input_size = self.bundle.input_size
        self._embedding_dtype = embedding_dtype
        self._threads = threads
        self._providers = list(providers)
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}

    def _session(self, graph: str) -> onnxruntime.InferenceSession | None:
        path = self.bundle.graph(graph)
        if path is not None and graph not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.log_severity_level = 3
            self._sessions[graph] = onnxruntime.InferenceSession(
                str(path), options, providers=self._providers
            )
        return self._sessions.get(graph)

    def encode(self, images: Sequence[np.ndarray]) -> list[Embedding]:
        """uint8 RGB images H x W x 3 -> for each its tensors by name, leading axis 1, rounded to
        what storing keeps of them (float16 stays float16, int8 comes back as float32)."""
        session = self._session("encoder")
        assert session is not None  # a checked bundle has an encoder
        batch = np.stack([preprocess(image, self.input_size) for image in images])
        specs = self.bundle.tensors
        outputs = session.run([spec.name for spec in specs], {"image": batch})
        return [
            {
                spec.name: self._as_stored(spec, output[index : index + 1])
                for spec, output in zip(specs, outputs, strict=True)
            }
            for index in range(len(images))
        ]

    def _as_stored(self, spec: TensorSpec, values: np.ndarray) -> np.ndarray:
        try:
            return as_stored(values, self._embedding_dtype or spec.dtype)
        except ValueError as problem:
            raise ValueError(f"The encoder's {spec.name} holds {problem}.") from None

    def prepare(self, embedding: Embedding) -> Embedding:
        """Float32 tensors for any number of decodes: the embedding's own and derived ones."""
        tensors = {name: value.astype(np.float32) for name, value in embedding.items()}
        session = self._session("prepare")
        if session is not None:
            feeds = {entry.name: tensors[entry.name] for entry in session.get_inputs()}
            names = [entry.name for entry in session.get_outputs()]
            tensors |= dict(zip(names, session.run(names, feeds), strict=True))
        return tensors

    def decode(
        self, embedding: Embedding, prompts: Prompts, size_image: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits [K,h,w] and predicted IoUs [K]; `size_image` is (width, height)."""
        return self.decode_prepared(self.prepare(embedding), prompts, size_image)

    def decode_prepared(
        self, prepared: Embedding, prompts: Prompts, size_image: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same with what `prepare` gave, for many decodes of one image."""
        coords, labels = self.prompt_arrays(prompts, size_image)
        channels = int(self.bundle.manifest["prompt_token_channels"])
        tokens = np.zeros((0, channels)) if prompts.tokens is None else prompts.tokens
        feeds = prepared | {
            "point_coords": coords[None],
            "point_labels": labels[None],
            "prompt_tokens": np.asarray(tokens, np.float32)[None],
            **self._options(size_image),
        }
        session = self._session("decode")
        if prompts.mask_input is not None and self.bundle.graph("decode_with_mask"):
            session = self._session("decode_with_mask")
            feeds["mask_input"] = np.asarray(prompts.mask_input, np.float32)[None, None]
            feeds["has_mask_input"] = np.ones(1, np.float32)
        assert session is not None
        wanted = {entry.name for entry in session.get_inputs()}
        logits, ious = session.run(
            ["low_res_masks", "iou_predictions"],
            {name: value for name, value in feeds.items() if name in wanted},
        )
        return logits[0], ious[0]

    def _options(self, size_image: tuple[int, int]) -> Embedding:
        """The inputs beyond SAM's: the manifest's defaults, and how much of the square is image."""
        defaults = self.bundle.manifest.get("decode_defaults", {})
        options = {name: np.array(values, np.float32) for name, values in defaults.items()}
        if "valid_size" in options:
            width, height = model_size(*size_image, self.input_size)
            options["valid_size"] = np.array([height, width], np.float32)
        return options

    def segment(self, image: np.ndarray, prompts: Prompts) -> tuple[np.ndarray, float]:
        """All steps for one prompt: the mask (bool H x W) and the IoU the model expects of it."""
        size_image = (image.shape[1], image.shape[0])
        logits, ious = self.decode(self.encode([image])[0], prompts, size_image)
        chosen = self.choose(logits, ious, prompts, size_image)
        return self.refined_mask(image, logits[chosen], prompts), float(ious[chosen])

    def refined_mask(self, image: np.ndarray, low_res: np.ndarray, prompts: Prompts) -> np.ndarray:
        """One candidate's logits [h,w] as a bool mask H x W after a second look at its edges in
        the image's own pixels; as `mask` where the bundle has no `refine` graph."""
        size_image = (image.shape[1], image.shape[0])
        session, points = self._session("refine"), prompts.points
        positives = [(x, y) for x, y, label in points if label == 1]
        parts = refinement.clicked_parts(low_res, positives, size_image, self.input_size)
        crop = refinement.crop_around(parts, positives, size_image, self.input_size)
        if session is None or crop is None:
            return self.mask(low_res, size_image)
        side = int(self.bundle.manifest["refine_size"])
        inside = np.array([(x - crop.x0, y - crop.y0) for x, y, _ in points] or [(0.0, 0.0)])
        labels = np.array([label for _, _, label in points] or [-1], np.float32)
        laid = refinement.logits_in_crop(parts, crop, size_image, self.input_size, side)
        (fine,) = session.run(
            ["refined_logits"],
            {
                "crop": preprocess(image[crop.y0 : crop.y1, crop.x0 : crop.x1], side)[None],
                "coarse_logits": laid[None, None],
                "point_coords": image_to_model(inside, crop.size, side)[None],
                "point_labels": labels[None],
            },
        )
        mask = np.zeros(image.shape[:2], bool)
        here = upscale_logits(fine[0, 0], crop.size, side) > MASK_THRESHOLD
        mask[crop.y0 : crop.y1, crop.x0 : crop.x1] = here
        return mask

    def prompt_arrays(
        self, prompts: Prompts, size_image: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """point_coords [N,2] in model space and point_labels [N]; a box is two labelled points."""
        points = [(x, y) for x, y, _ in prompts.points]
        labels = [float(label) for _, _, label in prompts.points]
        if prompts.box is not None:
            x0, y0, x1, y1 = prompts.box
            points += [(x0, y0), (x1, y1)]
            labels += [2.0, 3.0]
        if not points:
            raise ValueError("A prompt needs at least one point or a box.")
        coords = image_to_model(np.array(points, np.float64), size_image, self.input_size)
        return coords, np.array(labels, np.float32)

    def choose(
        self,
        logits: np.ndarray,
        ious: np.ndarray,
        prompts: Prompts,
        size_image: tuple[int, int],
    ) -> int:
        """The candidate to take when nobody chooses."""
        coords, labels = self.prompt_arrays(prompts, size_image)
        manifest = self.bundle.manifest
        return selection.choose(
            logits, ious, coords, labels, self.input_size, int(manifest["single_candidate"]),
            prompts.mask_input is not None, int(manifest.get("scored_clicks", 1)),
        )  # fmt: skip

    def corrected(
        self, low_res: np.ndarray, prompts: Prompts, size_image: tuple[int, int]
    ) -> np.ndarray:
        """The chosen logits [h,w] as the newest click may leave them: from the third click on it
        corrects the mask that was fed back (`correction.py`). The last point is the newest."""
        before = prompts.mask_input
        if before is None or len(prompts.points) < correction.CORRECTS_FROM:
            return low_res
        *_, (x, y, label) = prompts.points
        click = image_to_model(np.array([(x, y)]), size_image, self.input_size)[0]
        return correction.corrected(before, low_res, click, label == 1, self.input_size)

    def mask(self, low_res: np.ndarray, size_image: tuple[int, int]) -> np.ndarray:
        """One candidate's logits [h,w] as a bool mask H x W at image size."""
        return upscale_logits(low_res, size_image, self.input_size) > MASK_THRESHOLD


def upscale_logits(
    low_res: np.ndarray, size_image: tuple[int, int], input_size: int | None = None
) -> np.ndarray:
    """Low-res logits [h,w] -> float32 [H,W] at image size; `size_image` is (width, height).

    Bilinear with align_corners=False, straight from low-res cells to image pixels, the padding
    left out. For pixel column p of the image: `at = (p + 0.5) * (new / old) * (w / S) - 0.5`,
    clamped to [0, w - 1]; the value lies on the line between cells floor(at) and floor(at) + 1.
    Rows alike. `new / old` is the scaled over the original side, S the model's input size (by
    default twice the low-res size, as in our own family).
    """
    height, width = low_res.shape
    input_size = input_size or 2 * max(height, width)
    new_width, new_height = model_size(*size_image, input_size)
    left, right, across = between_cells(size_image[0], new_width * width / input_size, width)
    top, bottom, down = between_cells(size_image[1], new_height * height / input_size, height)
    rows = low_res[top] + (low_res[bottom] - low_res[top]) * down[:, None]
    return (rows[:, left] + (rows[:, right] - rows[:, left]) * across).astype(np.float32)


def between_cells(
    pixels: int, cells: float, low_size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each output pixel the two cells it lies between, and how far along; the image spans
    `cells` of the `low_size` cells."""
    at = np.clip((np.arange(pixels) + 0.5) * (cells / pixels) - 0.5, 0, low_size - 1)
    lower = np.minimum(np.floor(at).astype(int), max(0, low_size - 2))
    upper = np.minimum(lower + 1, low_size - 1)
    return lower, upper, (at - lower).astype(np.float32)
