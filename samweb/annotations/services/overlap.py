"""Projects in which a pixel belongs to one object only (`overlap_rule` exclusive).

A change may not take pixels that another object of the same image and layer has. It is refused, not
trimmed: what a person sees is what is stored. Overlaps from before the rule was set stay until
somebody changes them, and a change that only gives pixels away always passes.
"""

from __future__ import annotations

from samweb.annotations.models import Annotation
from samweb.annotations.services.checks import Refused
from samweb.annotations.services.incoming import Writing
from samweb.masks import rle
from samweb.projects.models import Project


def require_free(w: Writing, row: Annotation, before: str | None) -> None:
    """Refuse the row's mask if it gains another object's pixels over the counts `before`."""
    if w.project.overlap_rule != Project.OverlapRule.EXCLUSIVE:
        return
    height, width = row.mask.height, row.mask.width
    gained = rle.counts_of(row.mask.counts, height, width)
    if before is not None:
        old = rle.counts_of(before, height, width)
        gained = rle.xor(rle.union(gained, old), old)
    if rle.area(gained) == 0:
        return
    box = rle.bbox(gained, height)
    others = Annotation.objects.filter(
        image=row.image_id, layer=row.layer, deleted_at__isnull=True
    ).exclude(pk=row.pk)
    for identifier, counts, bbox in others.values_list("id", "mask__counts", "mask__bbox"):
        if not _meet(box, bbox):
            continue
        if shared := rle.intersection(gained, rle.counts_of(counts, height, width)):
            raise Refused(
                f"The mask takes {shared} pixels of object {identifier}, and objects of this "
                "project may not overlap. Draw only where it is empty, or subtract it from the "
                "other object first.",
                "overlap",
            )


def _meet(a: list[int], b: list[int]) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
