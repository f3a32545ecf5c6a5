"""Turns a title that a draft marked as announced into a link, once its document is there."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.library.library import ANNOUNCED, Library, Procedure
from procauthor.library.reference import relative
from procauthor.markdown.edit import Replacement
from procauthor.markdown.write import write_link
from procauthor.naming import title_key
from procauthor.procedure import DONE

_PLAIN = "(announced)"


def bare_title(source: str) -> str:
    """Return a title without the mark that says that no document has it yet."""
    # What reads a source takes the bracket behind it away: "(From: Title (announced))".
    return source.replace(ANNOUNCED, "").partition(_PLAIN[:-1])[0].strip(" *_")


def title_before_mark(text: str) -> str:
    """Return the key of all that is before such a mark, which ends with the title; nothing where there is no mark."""
    before, mark, _ = text.replace(ANNOUNCED, _PLAIN).partition(_PLAIN)
    return title_key(before) if mark else ""


def link_announced(library: Library, host: Procedure) -> Iterator[Replacement]:
    """Yield a replacement for each ``Title *(announced)*`` whose procedure is now defined in one document."""
    raw = host.document.source.raw
    mark = ANNOUNCED.encode()
    place = raw.find(mark)
    while place >= 0:
        known = _title_before(library, host, place)
        if known:
            document, start = known
            link = write_link(document.title, relative(host.path, document.path))
            yield Replacement(start, place + len(mark), link)
        place = raw.find(mark, place + 1)


def _title_before(library: Library, host: Procedure, place: int) -> tuple[Procedure, int] | None:
    """Return the document whose title ends just before a place in plain text, and where the title starts."""
    raw = host.document.source.raw
    run = next((r for r in host.document.runs if r.start < place <= r.end), None)
    if run is None:
        return None
    before = raw[run.start : place].decode().rstrip()
    fitting = [found[0] for found in library.by_key.values() if len(found) == 1 and before.endswith(found[0].title)]
    best = max(fitting, key=lambda p: len(p.title), default=None)
    if best is None or best.status not in DONE or best.path == host.path:
        return None
    return best, run.start + len(before.encode()) - len(best.title.encode())
