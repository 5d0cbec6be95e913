"""Runs a program of a peer once and waits until jsii has written its index of every package that it loaded.

jsii writes it in the background and reads it at later starts; a program that ends sooner never gets it.
Arguments: the program and its own.
"""

import os
import runpy
import sys
import time
from pathlib import Path

TIMEOUT_S = 120

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
cache = Path(os.environ["JSII_RUNTIME_PACKAGE_CACHE_ROOT"])
deadline = time.monotonic() + TIMEOUT_S
# `.jsii` is a package's assembly; the index is complete when this file beside it appears.
while not all(list(assembly.parent.glob(".jsii.runtime.*.json")) for assembly in cache.rglob(".jsii")):
    if time.monotonic() > deadline:
        sys.exit("jsii wrote no index")
    time.sleep(0.1)
