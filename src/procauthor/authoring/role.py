"""Roles and registers that a library names: by the words at their end, which ship as data."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from procauthor.convention.word import words
from procauthor.library.library import Library
from procauthor.markdown.passage import read_prose
from procauthor.procedure import DONE
from procauthor.retrieval.word import is_common, list_words

_MOST = 20
_LEAST_DOCUMENTS = 2


def find_roles(library: Library) -> tuple[str, ...]:
    """Return the roles that several documents name, the most used first: "security lead"."""
    return _used(library, _patterns()[0])


def find_registers(library: Library) -> tuple[str, ...]:
    """Return the registers and logs that several documents name, the most used first: "Risk Register"."""
    return _used(library, _patterns()[1])


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    heads = words()["brief"]
    roles, registers = ("|".join(map(re.escape, heads[name])) for name in ("roles", "registers"))
    articles = "|".join(map(re.escape, heads["articles"]))
    return (
        re.compile(rf"\b(?i:{articles}) ((?:[a-z][a-z-]+ ){{1,2}}(?:{roles}))\b"),
        re.compile(rf"\b((?:[A-Z][\w-]+ ){{1,3}}(?:{registers}))\b"),
    )


def _used(library: Library, pattern: re.Pattern[str]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for procedure in library.procedures:
        if procedure.status in DONE and procedure.kind in ("procedure", "standard"):
            said = set(pattern.findall(read_prose(procedure.document).text))
            counts.update(name for name in said if not any(map(is_common, list_words(name.lower()))))
    return tuple(name for name, count in counts.most_common(_MOST) if count >= _LEAST_DOCUMENTS)
