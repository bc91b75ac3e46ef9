"""Every variant there is, as data. Facts: the families' papers and repositories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """Where the official weights are published. Without a sha256 the first download is pinned."""

    url: str
    sha256: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Variant:
    """One model people can name. `config` holds the arguments of the family's `build`."""

    name: str
    title: str
    family: str
    config: Mapping[str, object] = field(default_factory=dict)
    licence: str = "Apache-2.0"
    source: Source | None = None


_SAM = "https://dl.fbaipublicfiles.com/segment_anything/"
_SAM2 = "https://dl.fbaipublicfiles.com/segment_anything_2/092824/"
_HQ = "https://huggingface.co/lkeab/hq-sam/resolve/main/"
_MOBILE = "https://github.com/ChaoningZhang/MobileSAM/raw/master/weights/"
_EFFICIENT = "https://github.com/yformer/EfficientSAM/raw/main/weights/"

_VIT_B = {"dim": 768, "depth": 12, "heads": 12, "global_blocks": (2, 5, 8, 11)}
_VIT_L = {"dim": 1024, "depth": 24, "heads": 16, "global_blocks": (5, 11, 17, 23)}
_VIT_H = {"dim": 1280, "depth": 32, "heads": 16, "global_blocks": (7, 15, 23, 31)}


def _hiera(
    dim: int,
    heads: int,
    stages: tuple[int, ...],
    global_blocks: tuple[int, ...],
    windows: tuple[int, ...] = (8, 4, 14, 7),
    window_background: int = 7,
) -> dict[str, object]:
    return {
        "dim": dim,
        "heads": heads,
        "stages": stages,
        "global_blocks": global_blocks,
        "windows": windows,
        "window_background": window_background,
    }


VARIANTS: tuple[Variant, ...] = (
    Variant("samweb-small", "samweb small", "small"),
    Variant(
        "sam-vit-b",
        "SAM ViT-B",
        "sam",
        _VIT_B,
        source=Source(
            _SAM + "sam_vit_b_01ec64.pth",
            "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
        ),
    ),
    Variant(
        "sam-vit-l",
        "SAM ViT-L",
        "sam",
        _VIT_L,
        source=Source(
            _SAM + "sam_vit_l_0b3195.pth",
            "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
        ),
    ),
    Variant(
        "sam-vit-h",
        "SAM ViT-H",
        "sam",
        _VIT_H,
        source=Source(
            _SAM + "sam_vit_h_4b8939.pth",
            "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
            2_564_550_879,
        ),
    ),
    Variant(
        "mobile-sam",
        "MobileSAM (TinyViT-5M)",
        "mobile_sam",
        source=Source(
            _MOBILE + "mobile_sam.pt",
            "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
        ),
    ),
    Variant(
        "sam2.1-hiera-tiny",
        "SAM 2.1 Hiera T",
        "sam2",
        _hiera(96, 1, (1, 2, 7, 2), (5, 7, 9)),
        source=Source(
            _SAM2 + "sam2.1_hiera_tiny.pt",
            "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
        ),
    ),
    Variant(
        "sam2.1-hiera-small",
        "SAM 2.1 Hiera S",
        "sam2",
        _hiera(96, 1, (1, 2, 11, 2), (7, 10, 13)),
        source=Source(
            _SAM2 + "sam2.1_hiera_small.pt",
            "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
        ),
    ),
    Variant(
        "sam2.1-hiera-base-plus",
        "SAM 2.1 Hiera B+",
        "sam2",
        _hiera(112, 2, (2, 3, 16, 3), (12, 16, 20), window_background=14),
        source=Source(
            _SAM2 + "sam2.1_hiera_base_plus.pt",
            "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
        ),
    ),
    Variant(
        "sam2.1-hiera-large",
        "SAM 2.1 Hiera L",
        "sam2",
        _hiera(144, 2, (2, 6, 36, 4), (23, 33, 43), windows=(8, 4, 16, 8)),
        source=Source(
            _SAM2 + "sam2.1_hiera_large.pt",
            "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
        ),
    ),
    Variant(
        "hq-sam-vit-b", "HQ-SAM ViT-B", "hq_sam", _VIT_B, source=Source(_HQ + "sam_hq_vit_b.pth")
    ),
    Variant(
        "hq-sam-vit-l", "HQ-SAM ViT-L", "hq_sam", _VIT_L, source=Source(_HQ + "sam_hq_vit_l.pth")
    ),
    Variant(
        "hq-sam-vit-h", "HQ-SAM ViT-H", "hq_sam", _VIT_H, source=Source(_HQ + "sam_hq_vit_h.pth")
    ),
    Variant(
        "efficient-sam-ti",
        "EfficientSAM Ti",
        "efficient_sam",
        {"dim": 192, "heads": 3},
        source=Source(_EFFICIENT + "efficient_sam_vitt.pt"),
    ),
    Variant(
        "efficient-sam-s",
        "EfficientSAM S",
        "efficient_sam",
        {"dim": 384, "heads": 6},
        source=Source(_EFFICIENT + "efficient_sam_vits.pt.zip"),
    ),
)
