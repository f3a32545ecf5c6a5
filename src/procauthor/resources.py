"""What ships with procauthor: prompts and templates; and as which distribution it was installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
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


_WHOLE, _LIGHT = "procauthor", "procauthor-light"


def release() -> str:
    """Return the version that is installed."""
    try:
        return version(_WHOLE)
    except PackageNotFoundError:
        return version(_LIGHT)


def install_hint(extra: str = "") -> str:
    """Say how to install what is missing: an extra of this distribution, or what only the whole one brings."""
    try:
        version(_WHOLE)
    except PackageNotFoundError:
        if extra:
            return f'install it with: pip install "{_LIGHT}[{extra}]"'
        return f"{_LIGHT} leaves it out; pip uninstall {_LIGHT}, then pip install {_WHOLE}"
    return f'install it with: pip install "{_WHOLE}[{extra}]"' if extra else f"install it with: pip install {_WHOLE}"
