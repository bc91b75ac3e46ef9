"""Prints what pyproject.toml needs, for `pip install -r`; names given as arguments are left out.

An image installs the dependencies in a layer of their own and runs samweb from its folder.
"""

import sys
import tomllib

with open("pyproject.toml", "rb") as file:
    wanted = tomllib.load(file)["project"]["dependencies"]
left_out = tuple(sys.argv[1:])
sys.stdout.writelines(f"{line}\n" for line in wanted if not line.startswith(left_out or ("\0",)))
