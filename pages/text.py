"""Where the words of the pages come from: files beside this one, and strings in the code."""

from __future__ import annotations

import ast
from pathlib import Path


def read_opening(name: str) -> str:
    """Return the beginning of a page, without the line end after its last line."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8").rstrip("\n")


def string_of(node: ast.stmt | None) -> str:
    """Return a string that is a statement of its own, as below a field, in one line; else nothing."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""
