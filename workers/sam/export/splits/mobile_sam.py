"""MobileSAM keeps SAM's decoder as it is."""

from workers.sam.export.splits.sam import split

__all__ = ["split"]
