"""Alias documents: they stand where a document was, and say where it is now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from procauthor.library.reference import relative, resolve
from procauthor.markdown.write import escape, write_link
from procauthor.naming import title_key

if TYPE_CHECKING:
    from procauthor.library.library import Procedure

_MOST_STEPS = 20


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


def follow(
    procedure: Procedure, by_path: Mapping[str, Procedure], by_key: Mapping[str, Sequence[Procedure]]
) -> Procedure:
    """Return the document that an alias stands for; the alias itself where that one cannot be found."""
    found = procedure
    for _ in range(_MOST_STEPS):
        name = str(found.document.metadata.get("alias_of") or "").strip()
        if found.status != "alias" or not name:
            return found
        path = resolve(found.path, name).path
        named = [p for p in by_key.get(title_key(name), ()) if p.path != found.path]
        after = by_path.get(path or "") or by_path.get(PurePosixPath(name).as_posix())
        after = after or (named[0] if len(named) == 1 else None)
        if after is None or after is found:
            return found
        found = after
    return procedure
