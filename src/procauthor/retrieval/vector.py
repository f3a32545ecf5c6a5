"""Rows of numbers, one a text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

_PAGE_SHARE = 0.2
# Read by numpy when it is loaded. The matrices are small: a second thread would cost more than it computes, and a
# process with threads cannot share its work with copies of itself.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def normalise(vectors: Vectors) -> Vectors:
    """Return the rows at length 1; empty ones stay empty."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def blend(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Return the one row of a document, and those of its passages, drawn towards it.

    A passage is about what its document is about.
    """
    page = normalise(vectors.sum(axis=0, keepdims=True))
    return page, normalise(vectors + _PAGE_SHARE * page)


def pack(vectors: Vectors) -> bytes:
    """Return rows as they are kept: half as precise, which no ranking notices."""
    import numpy as np

    return vectors.astype(np.float16).tobytes()


def unpack(raw: bytes, dimensions: int) -> Vectors:
    """Return rows that were kept."""
    import numpy as np

    return normalise(np.frombuffer(raw, np.float16).reshape(-1, dimensions).astype(np.float32))
