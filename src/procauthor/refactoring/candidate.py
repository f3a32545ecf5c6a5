"""Which documents a relocation could change: all others need not be parsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import unescape
from itertools import chain
from urllib.parse import unquote

from procauthor.library.library import Procedure
from procauthor.naming import bare_name, title_key
from procauthor.refactoring.relocation import Relocation


class Candidates:
    """Tells from its bare text whether a document could refer to what is relocated.

    A link holds the name of the file that it leads to, and a name is made of its words. What holds neither refers to
    nothing of it.

    Args:
        relocation: What happens.
        own: Paths of documents that change for other reasons; others may link to their headings.
    """

    def __init__(self, relocation: Relocation, own: Iterable[str]) -> None:
        headed = (path for path, _ in relocation.anchors)
        places = (relocation.homes, relocation.targets, relocation.names, relocation.parts)
        self._paths = frozenset(chain(own, headed, *places))
        pages = relocation.pages
        shown = (a for path in self._paths for a in (pages.names(path) if pages else ()))
        self._stems = frozenset(chain((bare_name(path).casefold() for path in self._paths), shown))
        self._names = tuple(_names(relocation))
        # Letters outside of ASCII can be written in several ways.
        self._plain = all(map(str.isascii, chain(self._stems, *self._names)))

    def __contains__(self, document: object) -> bool:
        if not isinstance(document, Procedure):
            return False
        if not self._plain or document.path in self._paths:
            return True
        text = document.source.raw.decode(errors="replace").casefold()
        if self._hold(text):
            return True
        # Escapes of Markdown, HTML and addresses.
        return any(sign in text for sign in "\\&%") and self._hold(unquote(unescape(text.replace("\\", ""))))

    def _hold(self, text: str) -> bool:
        return any(stem in text for stem in self._stems) or any(
            all(word in text for word in name) for name in self._names
        )


def _names(relocation: Relocation) -> Iterator[tuple[str, ...]]:
    """Yield the words of each name that a document goes by which gets another one."""
    for name in (*relocation.names.values(), *relocation.parts.values()):
        document = name.procedure
        for known in (document.title, document.written_title, document.id, *document.aliases):
            words = tuple(word for word in title_key(known).split() if word != "and")
            if words:
                yield words
