"""Small libraries to search, and an embedding that counts what it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from procauthor.markdown.parse import parse
from procauthor.retrieval.chunk import Chunk, chunk_document

LIBRARY = {
    "feature/rollback.md": "# Rollback Procedure\n\nHow to go back.\n\n## Restore the schema\n\nRun the down migration "
    "before the previous build starts.\n\n## Tell the users\n\nPost on the status page.\n",
    "incident/disk.md": "# Disk Full Runbook\n\n## Diagnosis\n\nFind the volume that is saturated and what fills it.\n\n"
    "## Mitigation\n\nRotate the logs, then enlarge the filesystem.\n",
    "incident/certificate.md": "# KubeCertificateExpiring\n\n## Meaning\n\nThe TLS certificate of an ingress expires in "
    "less than a week.\n\n## Mitigation\n\nRenew it with the issuer and reload the proxy.\n",
    "pr/review.md": "# Review Procedure\n\n## Comments\n\nAsk questions, be kind, and explain why.\n\n## Approval\n\n"
    "Two approvals are needed for a merge.\n",
    "release/canary.md": "# Canary Release\n\n## Shift traffic\n\nSend five percent of requests to the new version.\n\n"
    "## Watch\n\nCompare the error rate of both versions on the dashboard.\n",
}
QUERIES = (
    "go back to the old version",
    "disk is full",
    "certificate",
    "who has to approve",
    "error rate",
    "mitigation",
)


def cut(library: Mapping[str, str]) -> list[Chunk]:
    """Return the chunks of a library in memory."""
    return list(chain.from_iterable(cut_text(path, text) for path, text in library.items()))


def cut_text(path: str, text: str, context: str = "") -> list[Chunk]:
    """Return the chunks of one document."""
    document = parse(text.encode())
    return chunk_document(path, document.source, document.outline, context=context)


class LetterEmbedding:
    """Counts letters. Not clever, but the same everywhere, and it remembers what it embedded."""

    def __init__(self, name: str = "letters", dimensions: int = 26) -> None:
        self.id = name
        self.dimensions = dimensions
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return one unit row for each text."""
        self.asked += texts
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for letter in text.lower():
                if "a" <= letter <= "z":
                    row[(ord(letter) - 97) % self.dimensions] += 1
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(lengths > 0, lengths, 1)
