"""Speed and memory, as JSON: `make bench`, or `make bench ONLY=name`.

Each module beside this one has `measure() -> dict`. Two variants are run in turn within one run
and compared as a ratio, because machines are noisy and ratios are less so.
"""
