"""How a link is written: text and target escaped so that a reader sees the one and is led to the other."""

from __future__ import annotations

import re
from urllib.parse import quote

# An underscore within a word is no emphasis; an ampersand alone is no entity.
_SIGNS = re.compile(r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|!(?=\[)|&(?=#?\w+;)", re.ASCII)
_UNSAFE = re.compile(r"""[\x00-\x20\x7f()<>"'\\%?#|`\[\]]|&(?=#?\w+;)""")
_UNSAFE_IN_ANGLE = re.compile(r"[\x00-\x1f<>\\%?#|]|&(?=#?\w+;)")
_SCHEME_LIKE = re.compile(r"[^/]*:")


def escape(text: str) -> str:
    """Return a text in one line as Markdown that shows it letter by letter, also in a heading, a link or a cell."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.split()))


def encode_path(path: str, *, angle: bool = False) -> str:
    """Return a path as it is written in the target of a link.

    Args:
        path: The path as the disk has it.
        angle: Whether the target is written between ``<`` and ``>``, where spaces and brackets stay.
    """
    unsafe = _UNSAFE_IN_ANGLE if angle else _UNSAFE
    text = unsafe.sub(lambda match: quote(match[0], safe=""), path)
    # "c:notes.md" would be read as an address of its own kind.
    return f"./{text}" if _SCHEME_LIKE.match(text) else text


def write_link(text: str, target: str) -> str:
    """Return a link that shows a text. ``target`` is written already, as `reference.relative` gives it."""
    return f"[{escape(text)}]({target})"
