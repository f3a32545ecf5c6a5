"""What workers on one batch must have in common, besides what the batch itself brings."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING

from procauthor.project.writing import open_prompts

if TYPE_CHECKING:
    from procauthor.project.project import Project


def ground_of(project: Project) -> str:
    """Return the fingerprint of the settings, the templates, the prompts, and the version of procauthor.

    Where the search index and the checkpoints are makes no difference to what is written.
    """
    settings = project.settings.model_dump_json(exclude={"run": True, "retrieval": {"server"}})
    templates = [project.templates.get(name).hash for name in project.templates.names()]
    parts = (version("procauthor"), settings, *templates, open_prompts(project).fingerprint())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
