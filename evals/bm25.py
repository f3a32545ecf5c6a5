"""Plain BM25 over sections, as a program of an afternoon has it: the line that every other engine must beat.

Words are runs of letters and digits in lower case. There are no stems, no stop words, no fields and no context.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping

_WORD = re.compile(r"\w+")
_K1 = 1.5
_B = 0.75


class PlainIndex:
    """An inverted index over texts by name, with the usual constants."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        counts = {name: Counter(_WORD.findall(text.lower())) for name, text in texts.items()}
        self._lengths = {name: count.total() for name, count in counts.items()}
        self._average = sum(self._lengths.values()) / max(len(counts), 1) or 1
        self._postings: dict[str, dict[str, int]] = defaultdict(dict)
        for name, count in counts.items():
            for word, number in count.items():
                self._postings[word][name] = number

    def search(self, query: str, limit: int) -> list[str]:
        """Return the names of the best texts, best first."""
        scores: dict[str, float] = defaultdict(float)
        for word in _WORD.findall(query.lower()):
            found = self._postings.get(word, {})
            rarity = math.log(1 + (len(self._lengths) - len(found) + 0.5) / (len(found) + 0.5))
            for name, number in found.items():
                scale = _K1 * (1 - _B + _B * self._lengths[name] / self._average)
                scores[name] += rarity * number * (_K1 + 1) / (number + scale)
        return sorted(scores, key=lambda name: (-scores[name], name))[:limit]
