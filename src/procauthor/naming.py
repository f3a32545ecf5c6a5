"""Names: when two spellings mean the same title, and when a path stays inside of a library."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from functools import lru_cache

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ARTICLES = frozenset({"the", "a", "an"})


@lru_cache(maxsize=65536)
def title_key(title: str) -> str:
    """Return the key of a title: case, articles, punctuation, emphasis, emoji and the word "Procedure" do not count.

    ``**The API Design Procedure**`` and ``api-design`` both give ``api design``.
    """
    text = _LINK.sub(r"\1", unicodedata.normalize("NFKC", title)).casefold().replace("&", " and ")
    words = [word for word in _WORD.findall(text) if word not in _ARTICLES]
    while len(words) > 1 and words[-1] in ("procedure", "procedures"):
        words.pop()
    return " ".join(words)


def is_inside(path: str) -> bool:
    """Say whether a path, relative to a root, stays below it; links are not looked at."""
    plain = posixpath.normpath(path)
    return not (plain.startswith(("/", "../")) or plain == ".." or "\0" in path)
