"""The composition root: settings in, everything else hangs here. This is the public Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from procauthor.project.project import Project

if TYPE_CHECKING:
    from procauthor.project.draft import ProjectDraft

__all__ = ["Project", "ProjectDraft"]


def __getattr__(name: str) -> Any:
    """Load what belongs to authoring when it is used."""
    if name == "ProjectDraft":
        from procauthor.project.draft import ProjectDraft

        return ProjectDraft
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
