"""The Python half: a prebuilt provider imports a submodule when the program first names it.

Stock, `import cdktf_cdktf_provider_aws` runs 2,135 `from . import x` lines (7 to 18 s) so that a
program which needs five of them can write `aws.sqs_queue`. Here the package's own `__init__` runs
without these lines, and the module gets a PEP 562 `__getattr__` that imports on demand.
"""

import importlib
import re
import sys
from collections.abc import Iterable
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from .import_hook import LoaderSwap
from .switch import say_stock_path

PREFIX = "cdktf_cdktf_provider_"

_PUBLISH = "\npublication.publish()\n"
_IMPORT_LINE = re.compile(r"from \. import (\w+)")


def enable() -> None:
    """Make the providers lazy that are imported from now on."""
    LoaderSwap(is_provider, LazyProviderLoader).install()


def is_provider(name: str) -> bool:
    """Tell whether a module name is that of a prebuilt provider's package itself."""
    return name.startswith(PREFIX) and "." not in name


class LazyProviderLoader(SourceFileLoader):
    """Executes a provider's `__init__.py` without its trailing imports, or as it is if unsure."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the package; on any surprise exactly as Python would."""
        source = self.get_source(module.__name__) or ""
        parts = split_source(source)
        if parts is None:
            # A package that is lazy by itself, or has nothing to import, loses nothing: no line then.
            if "def __getattr__" not in source and source.partition(_PUBLISH)[2].strip():
                say_stock_path(f"{module.__name__}/__init__.py has an unknown shape")
            return super().exec_module(module)
        if not _jsii_imports_on_demand():
            say_stock_path(f"this jsii is too old to import the types of {module.__name__} on demand")
            return super().exec_module(module)
        head, submodules = parts
        exec(compile(head, self.path, "exec", dont_inherit=True), module.__dict__)
        # `publish()` put another module object with the public names in the place of `module`,
        # which stays reachable as `_private`: both offer the submodules, as both do in a stock import.
        for namespace in (module, sys.modules[module.__name__]):
            make_lazy(namespace, submodules)
        _tell_jsii(module.__name__, submodules)
        return None


def split_source(source: str) -> tuple[str, list[str]] | None:
    """Return the code up to `publish()` and the names imported after it; None for any other shape."""
    head, publish, tail = source.rpartition(_PUBLISH)
    submodules = []
    for line in tail.splitlines():
        if match := _IMPORT_LINE.fullmatch(line):
            submodules.append(match[1])
        elif line.strip() and not line.startswith("#"):
            return None
    return (head + publish, submodules) if submodules else None


def make_lazy(module: ModuleType, submodules: Iterable[str]) -> None:
    """Give `module` its submodules as attributes that are imported when they are first used."""
    package, names = module.__name__, frozenset(submodules)

    def __getattr__(name: str) -> Any:
        if name in names:
            # The import machinery also stores the submodule in the package: this runs once per name.
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted((module.__dict__.keys() | names) - {"__getattr__", "__dir__"})

    module.__dict__.update(__getattr__=__getattr__, __dir__=__dir__)


def _jsii_imports_on_demand() -> bool:
    import jsii  # the package is about to import it anyway

    return hasattr(jsii._reference_map, "_submodule_fqn_map")


def _tell_jsii(package: str, submodules: Iterable[str]) -> None:
    """Tell jsii which submodule to import when JavaScript returns a type that Python has not seen.

    No provider submodule refers to another, but a construct library written in TypeScript may create
    provider resources itself. Newer generators emit this same table; stock imports need none.
    """
    import jsii

    assembly = getattr(sys.modules.get(f"{package}._jsii"), "__jsii_assembly__", None)
    if assembly is not None:
        jsii._reference_map._submodule_fqn_map.update(
            {f"{assembly.name}.{_camel_case(name)}": f"{package}.{name}" for name in submodules}
        )


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
