"""Finds templates: the project's own come before the shipped ones, file by file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import translate
from pathlib import Path

from procauthor.errors import TemplateError
from procauthor.resources import shipped
from procauthor.template.key import section_key
from procauthor.template.read import digest, read_template
from procauthor.template.spec import Template


def _matcher(pattern: str) -> Callable[[str], object]:
    """Return what says whether a path matches, at the root or below any folder."""
    return re.compile(f"{translate(pattern)}|{translate(f'**/{pattern}')}").match


def _read(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"template {name!r} cannot be read: {error.strerror}"
        raise TemplateError(message, f"look at the rights of {file.name}") from error


def _refuse_link(folder: Path, file: Path) -> None:
    if not file.resolve().is_relative_to(folder.resolve()):
        message = f"the template {file.stem!r} is a link that leads out of its folder"
        raise TemplateError(message, "put the file itself there")


class TemplateStore:
    """Reads each template once.

    Args:
        folders: Where to look, first match wins; the shipped folder comes last by itself.
        patterns: Path pattern to template name, in order of precedence; an empty name means no template.
        synonyms: Other words for a heading of a template, by the heading.
    """

    def __init__(
        self,
        folders: tuple[Path, ...] = (),
        patterns: Mapping[str, str] | None = None,
        synonyms: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._folders = (*folders, shipped("templates"))
        self._patterns = dict(patterns or {})
        self._synonyms = {
            section_key(heading): tuple(map(section_key, others)) for heading, others in (synonyms or {}).items()
        }
        self._matchers = [(_matcher(pattern), name) for pattern, name in self._patterns.items()]
        self._read: dict[str, Template] = {}

    def get(self, name: str) -> Template:
        """Return the template of that name.

        Raises:
            TemplateError: There is none, or it cannot be used.
        """
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def digest(self, name: str) -> str:
        """Return the digest of a template, as its ``hash`` is, without reading what it says.

        Raises:
            TemplateError: There is none, or its file cannot be read.
        """
        return self._read[name].hash if name in self._read else digest(self._raw(name))

    def _load(self, name: str) -> Template:
        return self._with_synonyms(read_template(name, self._raw(name)))

    def _raw(self, name: str) -> bytes:
        for folder in self._folders:
            file = folder / f"{name}.md"
            if "/" not in name and file.is_file():
                _refuse_link(folder, file)
                return _read(name, file)
        message = f"no template {name!r}"
        raise TemplateError(message, self._near(name))

    def _near(self, name: str) -> str:
        known = self.names()
        close = get_close_matches(name, known, n=1)
        return f"did you mean {close[0]!r}?" if close else f"known templates: {', '.join(known)}"

    def _with_synonyms(self, template: Template) -> Template:
        sections = tuple(
            replace(s, constraint=replace(s.constraint, synonyms=(*s.constraint.synonyms, *self._synonyms[s.key])))
            if s.key in self._synonyms
            else s
            for s in template.sections
        )
        return replace(template, sections=sections)

    def refuse_unknown(self) -> None:
        """Refuse a name in the settings that no template has, used by a document or not.

        Raises:
            TemplateError: There is such a name; the hint says which was probably meant.
        """
        known = self.names()
        for pattern, name in self._patterns.items():
            if name and name not in known:
                message = f"the settings give {pattern!r} the template {name!r}, which does not exist"
                raise TemplateError(message, self._near(name))

    def names(self) -> list[str]:
        """Return the names of all templates that can be found."""
        return sorted({file.stem for folder in self._folders for file in folder.glob("*.md") if file.is_file()})

    def for_path(self, path: str, kind: str) -> Template:
        """Return the template that a document at a path has, or would have; without one, that for its kind."""
        return self.match(path) or self.of_kind(kind)

    def match(self, path: str) -> Template | None:
        """Return the template for a document's path; without a pattern that matches, there is none."""
        for matches, name in self._matchers:
            if matches(path):
                return self.get(name) if name else None
        return None

    def of_kind(self, kind: str) -> Template:
        """Return the first template in the settings of that kind, else the shipped one."""
        for name in filter(None, self._patterns.values()):
            template = self.get(name)
            if template.kind == kind:
                return template
        return self.get("procedure" if kind == "procedure" else kind)
