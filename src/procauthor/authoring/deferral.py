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

_LATER = "__later__"


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
        module.__dict__[_LATER] = _FirstFile(self)
        module.__class__ = _Waiting


class _FirstFile:
    """The first file of a package, to be run once. Each has a lock of its own, as in `importlib.util.LazyLoader`.

    One lock for all packages would let two threads wait for each other that load packages which need each other's.
    """

    def __init__(self, loader: _LaterLoader) -> None:
        self._loader = loader
        self._lock = RLock()
        self._begun = False

    def run(self, module: ModuleType) -> None:
        """Run it, if it has not been; who comes meanwhile from another thread waits for it."""
        with self._lock:
            # It may ask for names of its package while it runs.
            if not self._begun:
                self._begun = True
                self._run(module)

    def _run(self, module: ModuleType) -> None:
        spec, own = module.__spec__, self._loader.own
        assert spec is not None
        spec.loader = module.__loader__ = own
        try:
            own.exec_module(module)
        except BaseException:
            # Who asks next gets the same error, and no word of a name that is missing.
            spec.loader = module.__loader__ = self._loader
            self._begun = False
            raise
        module.__class__ = ModuleType
        module.__dict__.pop(_LATER, None)


class _Waiting(ModuleType):
    """A package that runs its first file when it is asked for a name that it does not have."""

    def __getattr__(self, name: str) -> Any:
        # What walks through all modules asks for such names, and needs none of them.
        if name.startswith("__") and name != "__all__":
            message = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        first = self.__dict__.get(_LATER)
        if first is not None:
            first.run(self)
        return object.__getattribute__(self, name)
