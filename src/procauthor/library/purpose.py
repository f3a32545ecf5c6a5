"""What a document says that it is for."""

from __future__ import annotations

from procauthor.library.library import Procedure


def purpose_of(procedure: Procedure) -> str:
    """Return the words that people wrote about the purpose, without the note that it is a placeholder."""
    first = next((s for s in procedure.document.sections if s.level > 1), None)
    if first is None:
        return ""
    texts = [b.text for b in first.blocks if b.kind == "paragraph"]
    return " ".join(" ".join(texts).split())
