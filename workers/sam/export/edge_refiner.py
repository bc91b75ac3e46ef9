"""What the graph `refine` computes: a decoded mask against the colours of the picture itself.

GrabCut's idea without its graph cut, in a form that a browser runs in a few milliseconds:

1. Two colour densities, of what the decoded logits call inside and outside, by random Fourier
   features of Lab colour (Rahimi and Recht 2007: a Gaussian kernel density as two products).
   Clicks weigh heavily in theirs.
2. Their log ratio is added to the decoded logits, near the decoded edge and near clicks.
3. A guided filter (He, Sun and Tang 2010, computed at half size) lays the result along the edges
   of the picture.

Nothing in it is learned, so it serves the logits of any family; its four numbers were chosen on
held-out images of training sets. A learned U-Net over the same crop was tried first and had gained
nothing after 250 steps. R is the side of the crop's grid, h = R / 2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sam.families.small.prompt_encoder import PromptEncoder
from workers.sam.preprocess import MEAN, STD

CROP_SIZE = 192
FEATURES = 48  # cosines, and as many sines
BANDWIDTH = 0.06  # of the colour kernel, in hundredths of Lab
FLOOR = 0.04  # of a density: what is rare on both sides says little
STRENGTH = 2.0  # of the colours against the decoded logits
CLICK_SHARE, CLICK_SPREAD = 0.3, 1.5  # share of a side, spread in cells of half size
REACH = 8  # of the colours, from the decoded edge, in cells of half size
RADIUS, EPSILON = 4, 1e-3  # of the guided filter, in cells of half size
SURE = 1e-3  # the filter's answer stays this far from 0 and 1

_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169),
        (0.019334, 0.119193, 0.950227))  # fmt: skip
_WHITE = (0.950456, 1.0, 1.088754)


class EdgeRefiner(nn.Module):
    """See the module's docstring."""

    projection: Tensor

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randn((3, FEATURES), generator=generator) / BANDWIDTH
        self.register_buffer("projection", drawn)

    def forward(
        self, crop: Tensor, coarse_logits: Tensor, point_coords: Tensor, point_labels: Tensor
    ) -> Tensor:
        """Normalised crop [1,3,R,R] (exactly 0 in the padding), logits [1,1,R,R], clicks in the
        crop's model space [1,N,2] with labels [1,N] (only 1 and 0 count, N may not be 0) ->
        logits [1,1,R,R]."""
        valid = (crop.abs().sum(dim=1, keepdim=True) > 0).to(crop.dtype)
        mean = torch.tensor(MEAN).view(1, 3, 1, 1)
        rgb = (crop * torch.tensor(STD).view(1, 3, 1, 1) + mean) / 255 * valid
        seen = _halved(valid)
        small = _halved(rgb) / seen.clamp(min=0.25)
        given = _halved(coarse_logits)
        yes, no = self._click_maps(point_coords, point_labels, given)
        ratio = self._colour_ratio(_lab(small), given, (seen > 0.5).to(crop.dtype), yes, no)
        near = torch.maximum(_near_edge(given, seen), _within_reach((yes + no > 0.5).to(yes.dtype)))
        told = torch.sigmoid((given + STRENGTH * near * ratio + 6 * (yes - no)).clamp(-20, 20))
        share = _guided(rgb, small, told, seen).clamp(SURE, 1 - SURE)
        return torch.log(share / (1 - share)) * valid - 8 * (1 - valid)

    def _colour_ratio(
        self, lab: Tensor, logits: Tensor, seen: Tensor, yes: Tensor, no: Tensor
    ) -> Tensor:
        """Log of the density of each cell's colour inside over outside, [1,1,h,h]."""
        inside = torch.sigmoid(logits)
        told = torch.cat([inside * (1 - no) * seen, (1 - inside) * (1 - yes) * seen], dim=1)
        clicked = torch.cat([yes, no], dim=1).flatten(2)[0]
        weights = told.flatten(2)[0]
        # A click speaks for a fixed share of its side, however large the rest of that side is.
        extra = weights.sum(dim=1, keepdim=True) / (clicked.sum(dim=1, keepdim=True) + 1e-3)
        weights = weights + CLICK_SHARE * extra * clicked
        angles = lab.flatten(2)[0].transpose(0, 1) @ self.projection
        features = torch.cat([torch.cos(angles), torch.sin(angles)], dim=1)  # [h*h, 2F]
        means = (weights @ features) / (weights.sum(dim=1, keepdim=True) + 1e-6)  # [2, 2F]
        density = (features @ means.transpose(0, 1) / FEATURES).clamp(min=FLOOR)
        ratio = torch.log(density[:, 0] / density[:, 1])
        return ratio.reshape(1, 1, *(int(side) for side in logits.shape[2:]))

    @staticmethod
    def _click_maps(coords: Tensor, labels: Tensor, small: Tensor) -> tuple[Tensor, Tensor]:
        cells = (coords + 0.5) / 2
        height, width = int(small.shape[2]), int(small.shape[3])
        marks = [(labels == value).to(cells.dtype) for value in (1.0, 0.0)]
        yes, no = (
            PromptEncoder._click_map(cells, mark, height, width, CLICK_SPREAD) for mark in marks
        )
        return yes, no


def _near_edge(logits: Tensor, seen: Tensor) -> Tensor:
    """1 within REACH cells of the decoded edge, else 0: elsewhere the colours have no say, or
    look-alikes far from the object would join it."""
    inside = (logits > 0).to(logits.dtype)
    return _within_reach(inside) * _within_reach((1 - inside) * seen)


def _within_reach(marked: Tensor) -> Tensor:
    return functional.max_pool2d(marked, 2 * REACH + 1, 1, REACH)


def _halved(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 2)


def _lab(rgb: Tensor) -> Tensor:
    """sRGB 0..1 [1,3,h,w] -> CIE Lab in hundredths, D65."""
    linear = torch.where(rgb > 0.04045, ((rgb.clamp(min=0) + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    rows = torch.tensor(_XYZ) / torch.tensor(_WHITE)[:, None]
    xyz = functional.conv2d(linear, rows[:, :, None, None])
    root = torch.where(xyz > 0.008856, xyz.clamp(min=1e-6) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = root[:, 0:1], root[:, 1:2], root[:, 2:3]
    return torch.cat([1.16 * y - 0.16, 5 * (x - y), 2 * (y - z)], dim=1)


def _blurred(x: Tensor) -> Tensor:
    """A box mean, one axis after the other; what lies outside the grid counts as 0."""
    side = 2 * RADIUS + 1
    x = functional.avg_pool2d(x, (1, side), 1, (0, RADIUS))
    return functional.avg_pool2d(x, (side, 1), 1, (RADIUS, 0))


def _guided(rgb: Tensor, small: Tensor, told: Tensor, seen: Tensor) -> Tensor:
    """The guided filter of `told` [1,1,h,h] along `rgb` [1,3,R,R] (`small`: the same halved)."""
    r, g, b = small[:, 0:1], small[:, 1:2], small[:, 2:3]
    products = [r * r, r * g, r * b, g * g, g * b, b * b]
    everything = torch.cat([small, told, *(told * each for each in (r, g, b)), *products], dim=1)
    means = _blurred(everything * seen) / _blurred(seen).clamp(min=1e-3)
    mr, mg, mb, mt = (means[:, index : index + 1] for index in range(4))
    cr, cg, cb = (means[:, 4 + i : 5 + i] - mt * m for i, m in enumerate((mr, mg, mb)))
    vrr, vrg, vrb, vgg, vgb, vbb = (means[:, 7 + i : 8 + i] for i in range(6))
    vrr, vgg, vbb = vrr - mr * mr + EPSILON, vgg - mg * mg + EPSILON, vbb - mb * mb + EPSILON
    vrg, vrb, vgb = vrg - mr * mg, vrb - mr * mb, vgb - mg * mb
    # The inverse of a symmetric 3 x 3 matrix, by its cofactors.
    irr, irg, irb = vgg * vbb - vgb * vgb, vgb * vrb - vrg * vbb, vrg * vgb - vgg * vrb
    igg, igb, ibb = vrr * vbb - vrb * vrb, vrb * vrg - vrr * vgb, vrr * vgg - vrg * vrg
    determinant = vrr * irr + vrg * irg + vrb * irb
    ar = (irr * cr + irg * cg + irb * cb) / determinant
    ag = (irg * cr + igg * cg + igb * cb) / determinant
    ab = (irb * cr + igb * cg + ibb * cb) / determinant
    rest = mt - ar * mr - ag * mg - ab * mb
    lines = _blurred(torch.cat([ar, ag, ab, rest], dim=1) * seen) / _blurred(seen).clamp(min=1e-3)
    wide = functional.interpolate(lines, scale_factor=2.0, mode="bilinear", align_corners=False)
    return (wide[:, :3] * rgb).sum(dim=1, keepdim=True) + wide[:, 3:]
