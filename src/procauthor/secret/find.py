"""Finds the secrets of a text, in time that grows with its length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from procauthor.secret.label import find_labelled, possible_names
from procauthor.secret.shape import find_shapes, possible_shapes


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is, in bytes, and what kind it is. It does not hold the secret, so that nothing can print it."""

    kind: str
    start: int
    end: int


def find_secrets(raw: bytes) -> list[Secret]:
    """Return the secrets of a text in UTF-8 in order, those in code, comments and front matter included.

    Placeholders (``<token>``, ``$TOKEN``, ``changeme``), published examples, and hashes and ids without a name that
    calls them a secret are left out. No two overlap.
    """
    return PartSearch(raw).find(raw)


class PartSearch:
    """Finds secrets in parts of a text: what the whole does not hold is not looked for in any of them."""

    def __init__(self, whole: bytes) -> None:
        self._shapes = possible_shapes(whole)
        self._names = possible_names(whole)

    def find(self, part: bytes) -> list[Secret]:
        """Return the secrets of a part that was cut from the text as it is, as `find_secrets` does."""
        if not self._shapes and not self._names:
            return []
        return _join((*find_shapes(part, self._shapes), *find_labelled(part, self._names)))


def _join(found: Iterable[tuple[int, int, str]]) -> list[Secret]:
    """Return spans in order, those that overlap as one."""
    spans = sorted(found, key=lambda span: (span[0], -span[1]))
    secrets: list[Secret] = []
    for start, end, kind in spans:
        if secrets and start < secrets[-1].end:
            last = secrets.pop()
            secrets.append(Secret(last.kind, last.start, max(end, last.end)))
        else:
            secrets.append(Secret(kind, start, end))
    return secrets
