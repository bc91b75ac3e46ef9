"""Run the measurements and print one JSON document."""

from __future__ import annotations

import importlib
import json
import pkgutil
import platform
import sys
import time

import tests.bench

NOT_MEASUREMENTS = {"__main__", "plain_vit", "sam_decoder", "statistics"}


def names() -> list[str]:
    found = [module.name for module in pkgutil.iter_modules(tests.bench.__path__)]
    return sorted(set(found) - NOT_MEASUREMENTS)


def main() -> int:
    wanted = sys.argv[1:] or names()
    if unknown := sorted(set(wanted) - set(names())):
        print(
            f"No measurement is called {unknown[0]}. Known: {', '.join(names())}", file=sys.stderr
        )
        return 2
    results = {}
    for name in wanted:
        started = time.monotonic()
        results[name] = importlib.import_module(f"tests.bench.{name}").measure()
        results[name]["took_s"] = round(time.monotonic() - started, 1)
        print(f"{name}: {results[name]['took_s']} s", file=sys.stderr)
    machine = {"platform": platform.platform(), "python": platform.python_version()}
    print(json.dumps({"machine": machine, "results": results}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
