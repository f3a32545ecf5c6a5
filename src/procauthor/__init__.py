"""Draft, check and keep a library of procedures in Markdown.

from procauthor import Project

project = Project.open("procedures")
report = project.check()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from procauthor.authoring.brief import Brief, ChangeRequest, Usage
    from procauthor.authoring.draft import Draft
    from procauthor.errors import ProcauthorError
    from procauthor.finding import Finding, Report
    from procauthor.library.change import Change
    from procauthor.project import Project

# Names are loaded when they are used, so that `import procauthor` costs next to nothing.
_HOMES = {
    "Brief": "authoring.brief",
    "Change": "library.change",
    "ChangeRequest": "authoring.brief",
    "Draft": "authoring.draft",
    "Finding": "finding",
    "ProcauthorError": "errors",
    "Project": "project",
    "Report": "finding",
    "Usage": "authoring.brief",
}

__all__ = [
    "Brief",
    "Change",
    "ChangeRequest",
    "Draft",
    "Finding",
    "ProcauthorError",
    "Project",
    "Report",
    "Usage",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'procauthor' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"procauthor.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
