"""One library on disk: its root, settings and templates, and what every service asks of them."""

from __future__ import annotations

from procauthor.workspace._workspace import Workspace, unless_stale

__all__ = ["Workspace", "unless_stale"]
