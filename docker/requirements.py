"""Prints what pyproject.toml needs, for `pip install -r`; names given as arguments are left out.

An image installs the dependencies in a layer of their own and runs samweb from its folder.
"""

import sys
import tomllib

with open("pyproject.toml", "rb") as file:
    wanted = tomllib.load(file)["project"]["dependencies"]
sys.stdout.write("\n".join(line for line in wanted if not line.startswith(tuple(sys.argv[1:]) or ("\0",))))
