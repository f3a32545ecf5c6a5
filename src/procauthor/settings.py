"""Settings of a project: ``procauthor.toml``, or ``[tool.procauthor]`` in ``pyproject.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from procauthor.errors import ConfigError

FILE_NAME = "procauthor.toml"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LibrarySettings(_Table):
    """Where the documents with a special part are; paths and patterns relative to the project's root."""

    index: str = "index.md"
    plan: str = "action-plan.md"
    exclude: tuple[str, ...] = ()


class CheckSettings(_Table):
    """Where the baseline is, relative to the root, and where rules are explained (``{rule}`` is the rule's name)."""

    baseline: str = ""
    help_url: str = ""


class SectionSettings(_Table):
    """Headings that mean the same: the one in the template, and the others that documents may use for it."""

    synonyms: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class AuthoringSettings(_Table):
    """Who writes, and within which bounds. Keys come from the environment only."""

    model: str = "offline"
    base_url: str = ""
    temperature: float | None = None
    timeout: float = Field(default=120.0, gt=0)
    retries: int = Field(default=2, ge=0, le=10)
    repairs: int = Field(default=2, ge=0, le=10)
    max_tokens: int = Field(default=200_000, gt=0)
    reply_tokens: int = Field(default=8_000, gt=0)
    passages: int = Field(default=12, ge=0, le=100)


class RetrievalSettings(_Table):
    """Which embedding, and where Chroma runs."""

    embedding: str = "builtin"
    server: str = ""


class LinkSettings(_Table):
    """How links are resolved: by whose rule headings get their anchors."""

    slugs: Literal["github", "gitlab", "mkdocs"] = "github"


class PlanSettings(_Table):
    """What makes a gap urgent when a plan is written, and from which sum on which priority begins."""

    critical: float = Field(default=3.0, ge=0)
    blocks: float = Field(default=0.5, ge=0)
    used: float = Field(default=2.0, ge=0)
    called: float = Field(default=1.0, ge=0)
    broken: float = Field(default=2.0, ge=0)
    closeness: float = Field(default=4.0, ge=0)
    p0: float = 6.0
    p1: float = 3.0
    p2: float = 1.0
    hours_min: float = Field(default=2.0, gt=0)
    hours_max: float = Field(default=3.0, gt=0)


class Settings(_Table):
    """All settings. ``templates`` maps a path pattern to the name of a template, the first match counts."""

    library: LibrarySettings = LibrarySettings()
    templates: dict[str, str] = Field(default_factory=dict)
    sections: SectionSettings = SectionSettings()
    check: CheckSettings = CheckSettings()
    authoring: AuthoringSettings = AuthoringSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    links: LinkSettings = LinkSettings()
    plan: PlanSettings = PlanSettings()
    rules: dict[str, Literal["error", "warning", "info", "off"]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Location:
    """A project's root, and the file that its settings came from, if there is one."""

    root: Path
    settings: Settings
    file: Path | None = None


def locate(start: Path) -> Location:
    """Find the nearest parent with settings; without one, the folder itself is a library with default settings.

    Raises:
        ConfigError: The folder does not exist, or its settings are not valid.
    """
    folder = start.absolute()
    if not folder.exists():
        message = f"no folder {str(start)!r}"
        raise ConfigError(message, "name an existing folder with -C")
    if not folder.is_dir():
        message = f"{str(start)!r} is a file, not a folder"
        raise ConfigError(message, "name the folder of the library with -C")
    for candidate in (folder, *folder.parents):
        file = candidate / FILE_NAME
        if file.is_file():
            return Location(candidate, read_settings(file), file)
        table = _pyproject_table(candidate / "pyproject.toml")
        if table is not None:
            return Location(candidate, _validate(table, candidate / "pyproject.toml"), candidate / "pyproject.toml")
    return Location(folder, Settings())


def read_settings(file: Path) -> Settings:
    """Read a settings file.

    Raises:
        ConfigError: It is no TOML, or a key or a value is wrong.
    """
    return _validate(_read_toml(file), file)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{file.name} is no valid TOML: {error}"
        raise ConfigError(message) from error
    except OSError as error:
        message = f"{file.name} cannot be read: {error.strerror}"
        raise ConfigError(message) from error


def _pyproject_table(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError):
        return None
    table = tool.get("procauthor")
    return table if isinstance(table, dict) else None


def _validate(table: dict[str, Any], file: Path) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{file.name}: {where!r}: {first['msg']}"
        raise ConfigError(message, _hint(first["loc"], first["type"])) from error


def _hint(location: tuple[int | str, ...], kind: str) -> str:
    if kind != "extra_forbidden":
        return ""
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    names = list(model.model_fields)
    close = get_close_matches(str(location[-1]), names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known keys are: {', '.join(names)}"
