"""The child that opens a checkpoint: weights in, safetensors out, nothing else.

`.pt` and `.pth` are pickles. torch's `weights_only` reader builds tensors and plain containers and
refuses every other name in them; it still is a reader of hostile bytes, which is why it runs here.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from workers.sam.checkpoints import child

NESTS = ("model", "state_dict", "model_state_dict", "model_state", "ema", "net", "module")
MOST_TENSORS = 20_000


class Unfit(Exception):
    """Why the file is refused; goes after its name in the sentence."""


def main() -> None:
    job = child.begin()
    try:
        state = weights(Path(job["source"]))
        write(state, Path(job["target"]))
        child.answer(tensors=len(state))
    except Unfit as problem:
        child.answer(error=str(problem))
    except MemoryError:
        child.answer(error="needs more memory to read than its size allows.")
    except ImportError as missing:
        child.answer(error=f"cannot be read here: {missing.name} does not load (samweb[train]).")
    except Exception as problem:
        child.answer(error=sentence(problem))


def sentence(problem: Exception) -> str:
    """What a reader's exception means, in words; no byte of the file gets into it but a name."""
    text = str(problem)
    found = re.search(r"GLOBAL ([A-Za-z_][\w.]{0,80})", text)
    if found is None:
        found = re.search(r"(?:Unsupported class|blocked) ([A-Za-z_][\w.]{0,80})", text)
    if found:
        return f"holds code ({found[1]}) that would run when it is opened; only weights are taken."
    if "memory" in text.lower() or "alloc" in text.lower():
        return "needs more memory to read than its size allows."
    return "is truncated, damaged or no checkpoint."


def weights(path: Path) -> dict[str, Any]:
    """The tensors of a file by name, without the nest they lay in."""
    import torch

    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        loaded: Any = load_file(path)
    else:
        mapped = zipfile.is_zipfile(path)  # the old format cannot be mapped
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    return checked(unnested(loaded), path.stat().st_size)


def unnested(loaded: Any, depth: int = 3) -> dict[str, Any]:
    """The mapping that holds tensors: the file's own, or the one below "model" and the like."""
    import torch

    if not isinstance(loaded, dict):
        raise Unfit("holds no named weights.")
    for nest in NESTS:
        if depth and isinstance(loaded.get(nest), dict):
            return unnested(loaded[nest], depth - 1)
    found = {k: v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
    if not found:
        raise Unfit("holds no named weights.")
    if all(str(name).startswith("module.") for name in found):  # saved from DataParallel
        found = {str(name).removeprefix("module."): value for name, value in found.items()}
    return found


def checked(state: dict[Any, Any], file_bytes: int) -> dict[str, Any]:
    """Refuse what weights never are: nameless, sparse, huge by a trick, or not finite."""
    import torch

    if len(state) > MOST_TENSORS:
        raise Unfit(f"holds more than {MOST_TENSORS} tensors.")
    total = 0
    for name, value in state.items():
        if not isinstance(name, str) or len(name) > 300 or not name.isprintable():
            raise Unfit("has names that are no names of weights.")
        if value.layout is not torch.strided or value.is_quantized or value.is_complex():
            raise Unfit(f"stores {name!r} in a way that is not known here.")
        total += value.numel() * value.element_size()
    if total > 4 * file_bytes + (1 << 20):  # a stride of nothing makes a byte as large as you like
        raise Unfit("unfolds to much more than its size.")
    for name, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise Unfit(f"holds numbers that are not finite, in {name!r}.")
    return state


def write(state: dict[str, Any], target: Path) -> None:
    """As safetensors: bytes and names, and nothing that runs."""
    from safetensors.torch import save_file

    save_file({name: value.detach().clone().contiguous() for name, value in state.items()}, target)


if __name__ == "__main__":
    main()
