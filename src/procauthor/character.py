"""Characters that do something else than show a sign: they hide, turn, or steer a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from procauthor.regex import lazy

_HIDDEN = lazy(
    "[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    # A joiner belongs to some scripts and to emoji; beside a Latin letter it only hides something.
    "|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f])"
)
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the direction of what follows, so that a line shows something else than it says.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")


def strip_hidden(text: str) -> str:
    """Return the text without characters that a reader does not see, such as zero-width and direction marks."""
    return text if text.isascii() else _HIDDEN.sub("", text)


def plain(text: str, keep: str = "") -> str:
    """Return the text in one line; control characters show as escapes, as they do in a Python literal.

    Args:
        text: The text.
        keep: Characters that stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if _unsafe(c) and c not in keep else c for c in text)


def shown(text: str) -> str:
    """Return the text for a terminal: line ends and tabs stay, all other control characters show as escapes."""
    return plain(text.replace("\r\n", "\n"), keep="\n\t")


def byte_offsets(text: str, places: Iterable[int]) -> Iterator[int]:
    """Yield the offsets in UTF-8 of places of a text, which come in order."""
    at = before = 0
    for place in places:
        at, before = at + len(text[before:place].encode("utf-8", "surrogatepass")), place
        yield at


def _unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE or char in _TURNING


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()
