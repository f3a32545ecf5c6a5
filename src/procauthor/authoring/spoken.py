"""Reads the artifacts that a placeholder promises or needs in plain words, before it has a contract."""

from __future__ import annotations

import re
from typing import Literal

from procauthor.authoring.brief import NamedText
from procauthor.naming import title_key

# An artifact is written with capitals, and in more than one word: "Threat Model Document".
_NAME = r"[A-Z][\w-]+(?: [A-Z][\w-]+)+"
_ONE = rf"(?:(?:the|an?) )?{_NAME}"
_LIST = rf"(?P<names>{_ONE}(?:(?:, and |, | and ){_ONE})*)"
_WAYS = {"from": r"(?:of|from)", "to": r"to"}


def spoken_artifacts(text: str, way: Literal["from", "to"], title: str) -> tuple[NamedText, ...]:
    """Return the artifacts that a text takes from a procedure, or hands to it.

    "It needs the Threat Model Document of the Threat Model Procedure" and "It hands a Mitigation Plan to the Backend
    Implementation Procedure" are understood; anything else is silence, never a guess.
    """
    pattern = re.compile(rf"\b{_LIST}\s+{_WAYS[way]}\s+(?:the\s+)?{re.escape(title)}\b")
    found: dict[str, NamedText] = {}
    for match in pattern.finditer(" ".join(text.split())):
        for name in re.findall(_NAME, match["names"]):
            found.setdefault(title_key(name), NamedText(name, ""))
    return tuple(found.values())
