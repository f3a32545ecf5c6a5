"""Alias documents: each is where a document was, and says where that document is now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from procauthor.library.reference import relative
from procauthor.markdown.write import escape, write_link


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias document: its path and title, and further titles that lead to the same document."""

    path: str
    title: str
    more: Sequence[str] = ()


def alias_text(alias: Alias, target: str, target_title: str, newline: str) -> bytes:
    """Return the bytes of an alias document for the document at ``target``."""
    link, title = relative(alias.path, target), alias.title
    lines = [
        "---",
        f"alias_of: {json.dumps(link, ensure_ascii=False)}",
        "status: Alias",
        *(["aliases:"] if alias.more else []),
        *(f"  - {json.dumps(each, ensure_ascii=False)}" for each in alias.more),
        "---",
        "",
        f"# {escape(title)}",
        "",
        f"This document is now {write_link(target_title, link)}.",
        "",
    ]
    return newline.join(lines).encode()
