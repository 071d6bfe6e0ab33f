"""ccxt's exchanges imported when they are asked for: of 330 modules a process needs three.

`import ccxt.pro` imports every exchange three times over (sync, async, pro), which is most of this
process's start and a third of its memory. Here the three packages run without the lines that only
import exchanges, and an exchange's class is imported when its name is looked up.
"""

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

PACKAGES = ("ccxt", "ccxt.async_support", "ccxt.pro")
_NAMES = "_on_demand"


class _Package(ModuleType):
    """A package in which an exchange's name means its class, as in ccxt, not its submodule."""

    def __getattr__(self, name: str) -> Any:
        if name not in self.__dict__.get(_NAMES, ()):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        import_module(f"{self.__name__}.{name}")  # binds the name, below
        return self.__dict__[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in self.__dict__.get(_NAMES, ()):
            value = getattr(value, name)
        super().__setattr__(name, value)


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        source = self.get_source(module.__name__) or ""
        line = re.compile(
            rf"^from {re.escape(module.__name__)}\.(\w+) import \1 *(?:#.*)?$", re.MULTILINE
        )
        module.__dict__[_NAMES] = frozenset(line.findall(source))
        module.__class__ = _Package
        code = compile(line.sub("", source), self.path, "exec")
        exec(code, module.__dict__)  # noqa: S102 - ccxt's own file, less the lines above


class _Finder:
    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in PACKAGES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def import_on_demand() -> None:
    """Import ccxt's exchanges on demand from now on; without effect on what is imported already.

    Guarantee:  whatever a name of the packages gave, it gives; a ccxt written otherwise is
                imported whole, as ever.
    """
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
