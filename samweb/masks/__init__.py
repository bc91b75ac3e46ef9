"""Masks as numbers: RLE, polygons, PNG, comparison. Pure numpy and Pillow, no Django."""
