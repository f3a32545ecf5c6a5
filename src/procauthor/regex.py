"""Regular expressions that are compiled when they are first used: a command needs few of the hundreds there are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, AnyStr, cast


class _LazyPattern:
    """Has every attribute of the compiled pattern."""

    def __init__(self, source: Any, flags: int) -> None:
        self._made_of = source, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        # Kept here, it is found without this method from now on.
        value = self.__dict__[name] = getattr(re.compile(*self._made_of), name)
        return value


def lazy(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a pattern as `re.compile` does, but compile it when it is used for the first time.

    It is for patterns of a module. The functions of `re` take none of these, its own methods do the same.
    """
    return cast("re.Pattern[AnyStr]", _LazyPattern(source, flags))


def any_of(words: Iterable[str]) -> str:
    """Return the pattern of any of some words, with any blanks within; without words, of nothing at all."""
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words) or r"(?!)"
