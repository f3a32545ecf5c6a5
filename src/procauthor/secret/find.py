"""Finds the secrets of a text, in time that grows with its length."""

from __future__ import annotations

from dataclasses import dataclass

from procauthor.secret.label import find_labelled
from procauthor.secret.shape import find_shapes


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
    spans = sorted((*find_shapes(raw), *find_labelled(raw)), key=lambda span: (span[0], -span[1]))
    secrets: list[Secret] = []
    for start, end, kind in spans:
        if secrets and start < secrets[-1].end:
            last = secrets.pop()
            secrets.append(Secret(last.kind, last.start, max(end, last.end)))
        else:
            secrets.append(Secret(kind, start, end))
    return secrets
