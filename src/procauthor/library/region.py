"""The part of a document that `sync` may write in, where its people want to say so.

Without marks, tables are found by their structure in the whole document. With one pair of comments,
``<!-- procauthor: begin -->`` and ``<!-- procauthor: end -->``, only what stands between them is kept up to date.
"""

from __future__ import annotations

import re

from procauthor.errors import MarkError
from procauthor.library.library import Procedure

_MARK = re.compile(r"\s*procauthor:\s*(begin|end)\s*", re.IGNORECASE)
_PAIR = ["begin", "end"]


def read_region(host: Procedure) -> tuple[int, int] | None:
    """Return the span between the marks of a document, or None where it has none.

    Raises:
        MarkError: There is a mark that is not one of exactly one pair, in order.
    """
    found = [(match[1].lower(), c) for c in host.document.comments if (match := _MARK.fullmatch(c.text))]
    if not found:
        return None
    if [name for name, _ in found] != _PAIR:
        places = ", ".join(f"{name!r} in line {comment.line}" for name, comment in found)
        message = f"{host.path} has no single pair of begin and end marks: {places}"
        raise MarkError(message, "keep one '<!-- procauthor: begin -->' before one '<!-- procauthor: end -->', or none")
    return found[0][1].end, found[1][1].start
