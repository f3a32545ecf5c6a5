"""What a document says that it is for."""

from __future__ import annotations

from procauthor.library.library import Procedure
from procauthor.library.placeholder import is_placeholder


def purpose_of(procedure: Procedure) -> str:
    """Return the words that people wrote about the purpose, without the note that it is a placeholder, or nothing."""
    first = next((s for s in procedure.document.sections if s.level > 1), None)
    if first is None:
        return ""
    texts = [b.text for b in first.blocks if b.kind == "paragraph"]
    purpose = " ".join(" ".join(texts).split())
    return "" if is_placeholder(purpose, procedure.conventions.placeholders) else purpose
