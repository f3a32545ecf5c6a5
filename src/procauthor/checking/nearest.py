"""The nearest of many names, without comparing all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from difflib import get_close_matches

_RAREST = 6
_MOST_COMMON = 300
_CANDIDATES = 12


class Nearest:
    """Finds near names by the rarest of the three-letter pieces that they share, then by likeness.

    Args:
        names: What may be meant.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names))
        self._pieces: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(self._names):
            for piece in _pieces(name):
                self._pieces[piece].append(place)

    def find(self, name: str, cutoff: float) -> str:
        """Return the name that is most like this one, or an empty string where none is like it enough."""
        known = sorted((p for p in _pieces(name) if p in self._pieces), key=lambda p: (len(self._pieces[p]), p))
        shared: Counter[int] = Counter()
        for piece in known[:_RAREST]:
            shared.update(self._pieces[piece][:_MOST_COMMON])
        candidates = [self._names[place] for place, _ in shared.most_common(_CANDIDATES)]
        close = get_close_matches(name, candidates, n=1, cutoff=cutoff)
        return close[0] if close else ""


def _pieces(name: str) -> set[str]:
    """Return the three-letter pieces of a name; a very long one is known by its beginning."""
    text = f" {name.casefold()[:200]} "
    return {text[at : at + 3] for at in range(len(text) - 2)}
