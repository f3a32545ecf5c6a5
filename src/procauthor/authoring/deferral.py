"""Packages whose first file runs when a name of it is asked for, and not when the package is loaded.

LangChain's clients load hundreds of data types that no call of ours uses: those of every API of a provider, and those
of a tracing service. Modules below such a package are loaded as ever. `importlib.util.LazyLoader` runs the first file
at any access, so already when a module below the package is loaded: that asks for its ``__path__``. Python 3.15 has
lazy imports of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any

_LOCK = RLock()


@contextmanager
def deferred(*names: str) -> Iterator[None]:
    """Load packages of these names, while this lasts, without running their first file before it is needed."""
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in self._names else None
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is not None:
            spec.loader = _LaterLoader(spec.loader)
            return spec
        return None


class _LaterLoader(Loader):
    """Marks a package as waiting, with the loader that runs its first file."""

    def __init__(self, own: Loader) -> None:
        self.own = own

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Waiting


class _Waiting(ModuleType):
    """A package that runs its first file when it is asked for a name that it does not have."""

    def __getattr__(self, name: str) -> Any:
        # What walks through all modules asks for such names, and needs none of them.
        if name.startswith("__") and name != "__all__":
            message = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        with _LOCK:
            spec = self.__spec__
            if spec is not None and isinstance(spec.loader, _LaterLoader):
                # Its first file may ask for names of the package while it runs.
                waiting = spec.loader
                spec.loader = self.__loader__ = waiting.own
                try:
                    spec.loader.exec_module(self)
                except BaseException:
                    # Who asks next gets the same error, and no word of a name that is missing.
                    spec.loader = self.__loader__ = waiting
                    raise
                self.__class__ = ModuleType  # type: ignore[assignment]
        return object.__getattribute__(self, name)
