"""The composition root: settings in, everything else hangs here. This is the public Python API."""

from procauthor.project.draft import ProjectDraft
from procauthor.project.project import Project

__all__ = ["Project", "ProjectDraft"]
