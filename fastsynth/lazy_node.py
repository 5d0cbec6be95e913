"""The Node half, seen from Python: hands `lazy-provider.cjs` to the Node process that jsii starts.

jsii takes no options for Node, but Node reads NODE_OPTIONS; so this sets it before jsii starts, and
takes it back if Node does not start with it.
"""

import contextlib
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from . import load_ahead, one_node
from .import_hook import LoaderSwap
from .switch import say_stock_path

HOOK = Path(__file__).absolute().with_name("lazy-provider.cjs")

# jsii shows a banner of twelve lines at every start on Node 20; the variable lists majors to be silent about.
_BANNER_VARIABLE = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"
_JSII_PROCESS = "jsii._kernel.providers.process"


def enable() -> None:
    """Make the Node process that jsii will start load providers lazily."""
    if _jsii_has_started():
        say_stock_path("jsii started before fastsynth.enable(), which belongs before `import cdktf`")
        return
    if not HOOK.is_file():
        say_stock_path(f"{HOOK} is missing")
        return
    os.environ.setdefault(_BANNER_VARIABLE, "20")
    options = os.environ.get("NODE_OPTIONS", "")
    if _option() not in options:  # a parent process may have set it already
        os.environ["NODE_OPTIONS"] = f"{options} {_option()}".lstrip()
    if _JSII_PROCESS in sys.modules:
        _change(sys.modules[_JSII_PROCESS])
    else:
        LoaderSwap("jsii".__eq__, _JsiiLoader).install()


def _jsii_has_started() -> bool:
    # Node starts with the first assembly, and every generated package loads its own in `<package>._jsii`.
    return any(name.endswith("._jsii") for name in sys.modules)


def _option() -> str:
    # Within double quotes Node accepts spaces and takes a backslash as an escape.
    path = str(HOOK).replace("\\", "\\\\").replace('"', '\\"')
    return f'--require "{path}"'


def _withdraw() -> bool:
    """Take the hook out of NODE_OPTIONS and leave what the user had; False if it was not there."""
    options = os.environ.get("NODE_OPTIONS", "")
    if _option() not in options:
        return False
    rest = options.replace(_option(), "").strip()
    if rest:
        os.environ["NODE_OPTIONS"] = rest
    else:
        del os.environ["NODE_OPTIONS"]
    return True


class _JsiiLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        one_node.start_early(Path(self.path).parent)
        super().exec_module(module)
        if _JSII_PROCESS in sys.modules:
            _change(sys.modules[_JSII_PROCESS])


def _change(jsii_process: ModuleType) -> None:
    one_node.install(jsii_process)
    _retry_without_hook(jsii_process)
    load_ahead.install(jsii_process)


def _retry_without_hook(jsii_process: ModuleType) -> None:
    """Make jsii start Node a second time, without the hook, when Node ends at once with it.

    Probing with `node --require hook -e ''` would cost 40 ms at every start; this costs nothing.
    """
    node_process = getattr(jsii_process, "_NodeProcess", None)
    stock_start = getattr(node_process, "start", None)
    if node_process is None or stock_start is None:
        return  # another jsii: then a Node that refuses the hook shows as jsii's own error

    def start(self: Any) -> None:
        try:
            return stock_start(self)  # type: ignore[no-any-return]  # jsii's own, private method
        except OSError:
            raise  # there is no Node at all: nothing that the hook could have caused
        except Exception:
            if not _withdraw():
                raise
        say_stock_path("Node does not start with the hook")
        with contextlib.suppress(Exception):
            self.stop()  # of the Node that is dead already, so that jsii does not stop it again at exit
        return stock_start(self)  # type: ignore[no-any-return]  # jsii's own, private method

    node_process.start = start
