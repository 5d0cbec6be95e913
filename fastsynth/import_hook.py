"""Lets one of our loaders execute chosen modules; every other import stays with Python.

Only the execution step changes. Finding the file, `__spec__`, `__path__`, resources and `inspect`
work as always, because the loaders derive from the stock `SourceFileLoader`.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType


class LoaderSwap:
    """A meta-path finder that gives the modules whose full name satisfies `wanted` another loader."""

    # Not derived from importlib.abc.MetaPathFinder: that import costs more than all of ours together.

    def __init__(self, wanted: Callable[[str], bool], loader: type[SourceFileLoader]) -> None:
        self._wanted = wanted
        self._loader = loader

    def install(self) -> None:
        """Put this finder in front of Python's own."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for a wanted module that lies in a plain source file, for nothing else."""
        if not self._wanted(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        # An exact type: zip files, editable installs and other people's loaders stay as they are.
        if spec is None or spec.origin is None or type(spec.loader) is not SourceFileLoader:
            return None
        spec.loader = self._loader(fullname, spec.origin)
        return spec
