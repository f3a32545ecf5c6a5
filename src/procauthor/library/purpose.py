"""What a document says that it is for."""

from __future__ import annotations

from procauthor.library.library import Procedure
from procauthor.library.placeholder import is_placeholder


def purpose_of(procedure: Procedure) -> str:
    """Return the words that people wrote about the purpose, without marks of what is still to be written."""
    first = next((s for s in procedure.document.sections if s.level > 1), None)
    if first is None:
        return ""
    texts = [b.text for b in first.blocks if b.kind == "paragraph" and not is_placeholder(b.text)]
    return " ".join(" ".join(texts).split())
