"""Packages whose first file runs when a name of it is asked for, and not when the package is loaded.

Of a name that is known to be in one module below the package, that module alone is loaded.

LangChain's clients load hundreds of data types that no call of ours uses: those of every API of a provider, and those
of a tracing service. Modules below such a package are loaded as ever. `importlib.util.LazyLoader` runs the first file
at any access, so already when a module below the package is loaded: that asks for its ``__path__``. Python 3.15 has
lazy imports of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any

_LATER = "__later__"


@contextmanager
def deferred(packages: Mapping[str, str]) -> Iterator[None]:
    """Load packages, while this lasts, without running their first file before it is needed.

    Args:
        packages: By the name of each a module below it; a name that this module has is taken from there. It may be
            empty, and need not be there.
    """
    finder = _Finder(packages)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def __init__(self, packages: Mapping[str, str]) -> None:
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in self._packages else None
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is not None:
            spec.loader = _LaterLoader(spec.loader, self._packages[fullname])
            return spec
        return None


class _LaterLoader(Loader):
    """Marks a package as waiting, with the loader that runs its first file, and the module that is asked before."""

    def __init__(self, own: Loader, part: str) -> None:
        self.own = own
        self.part = part

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

    def has(self, module: ModuleType, name: str) -> Any:
        """Return what the module that is asked before has under a name, or None."""
        part = f"{module.__name__}.{self._loader.part}"
        if not self._loader.part:
            return None
        try:
            return import_module(part).__dict__.get(name)
        except ModuleNotFoundError as error:
            if error.name and f"{part}.".startswith(f"{error.name}."):
                return None
            raise

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
            known = first.has(self, name)
            if known is not None:
                return known
            first.run(self)
        return object.__getattribute__(self, name)
