"""The anchors of one document, and the one that was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from procauthor.checking.nearest import Nearest
from procauthor.library.library import Procedure
from procauthor.markdown.slug import Flavour, slugs

# A heading with an emoji keeps an invisible selector in its anchor on GitHub; people copy it or leave it out.
_SELECTOR = re.compile("[\ufe00-\ufe0f]")
# GitHub writes this prefix into the page; its links work with it and without.
_PREFIX = "user-content-"


def read_anchors(procedure: Procedure, flavour: Flavour) -> Anchors:
    """Return the anchors of a document by the rule of a platform."""
    if flavour == "github":
        return Anchors(procedure.anchors)
    return Anchors(_html_ids(procedure).union(heading_anchors(procedure, flavour)))


def heading_anchors(procedure: Procedure, flavour: Flavour) -> list[str]:
    """Return the anchor of each heading of a document, in order, by the rule of a platform."""
    if flavour == "github":
        return list(procedure.heading_slugs)
    return slugs(procedure.heading_texts, flavour, _html_ids(procedure))


def _html_ids(procedure: Procedure) -> frozenset[str]:
    """Return the ids of raw HTML: what is there beside the anchors of headings."""
    return procedure.anchors.difference(procedure.heading_slugs)


class Anchors:
    """The anchors of a document.

    Args:
        known: As a renderer writes them.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)

    def __contains__(self, anchor: str) -> bool:
        # "#top" is the top of every page, by the HTML standard.
        if anchor in self._known or anchor == "top":
            return True
        return _SELECTOR.sub("", anchor.removeprefix(_PREFIX)) in self._plain

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._known))

    def like(self, anchor: str) -> str:
        """Return the anchor that differs in upper and lower case only, or an empty string."""
        return self._folded.get(anchor.casefold(), "")

    def near(self, anchor: str) -> str:
        """Return the anchor that is most like this one, or an empty string."""
        return self._nearest.find(anchor, cutoff=0.7)

    @cached_property
    def _plain(self) -> frozenset[str]:
        return frozenset(_SELECTOR.sub("", known) for known in self._known)

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {known.casefold(): known for known in sorted(self._known, reverse=True)}

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest(self._known)
