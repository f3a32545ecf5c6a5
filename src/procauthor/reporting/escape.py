"""Makes text fit for one line of a terminal, of a log or of XML."""

from __future__ import annotations

import unicodedata

_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the direction of what follows, so that a line shows something else than it says.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")


def plain(text: str) -> str:
    """Return the text in one line; control characters show as escapes, as they do in a Python literal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if _unsafe(c) else c for c in text)


def _unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE or char in _TURNING


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()
