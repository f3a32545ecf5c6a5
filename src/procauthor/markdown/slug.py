"""Anchors of headings, after the rule of GitHub (github-slugger)."""

from __future__ import annotations

import re

_DROPPED = re.compile(r"[^\w\- ]")


def slugify(text: str) -> str:
    """Return the anchor of a heading's text: lower case, punctuation dropped, spaces to hyphens."""
    return _DROPPED.sub("", text.lower()).replace(" ", "-")


class Slugger:
    """Counts repeated anchors within one document: ``setup``, ``setup-1``, ``setup-2``."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def slug(self, text: str) -> str:
        """Return the anchor of the next heading with this text."""
        base = slugify(text)
        slug = base
        while slug in self._seen:
            self._seen[base] += 1
            slug = f"{base}-{self._seen[base]}"
        self._seen[slug] = 0
        return slug
