"""What the command-line tools share. Importing it first lets a tool be started with any Python.

A tool that was started outside the project's virtual environment starts again inside it; written so that old Pythons
get that far too.
"""

import importlib.util
import os
import sys

# Ctrl-C while a tool is still being loaded, before `kit.cli.run` looks after it, needs no traceback.
sys.excepthook = lambda kind, *rest: None if kind is KeyboardInterrupt else sys.__excepthook__(kind, *rest)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_VENV = os.path.join(ROOT, ".venv")
_PYTHON = os.path.join(_VENV, "bin", "python")

if os.path.realpath(sys.prefix) != os.path.realpath(_VENV) and os.path.exists(_PYTHON):
    os.execv(_PYTHON, [_PYTHON] + sys.argv)
if importlib.util.find_spec("boto3") is None:
    sys.exit("error: the project's Python packages are missing: run `make setup`")
# What functions and tools share: the layer (labkit.schema checks messages on both sides, labkit.aggregation packs
# them), and the pure modules of lab `orders`, whose read model is built again here.
for _folder in ("layer", "orders"):
    if os.path.join(ROOT, "lambda", _folder) not in sys.path:
        sys.path.append(os.path.join(ROOT, "lambda", _folder))
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)
