"""The public door: opens a library and hands out its services."""

from __future__ import annotations

from procauthor.project.project import Project

__all__ = ["Project"]
