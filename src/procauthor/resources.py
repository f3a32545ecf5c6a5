"""The prompt and template files that ship with procauthor."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def shipped(kind: Literal["prompts", "templates"]) -> Path:
    """Return the directory of shipped files of this kind.

    An installed wheel holds it inside the package; a checkout holds it at the top level.
    """
    for root in (_PACKAGE, _CHECKOUT):
        if (root / kind).is_dir():
            return root / kind
    msg = f"procauthor was installed without its {kind!r} directory"
    raise RuntimeError(msg)
