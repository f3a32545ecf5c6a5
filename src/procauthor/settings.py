"""Settings of a project: ``procauthor.toml``, or ``[tool.procauthor]`` in ``pyproject.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args, get_origin

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from procauthor.errors import ConfigError
from procauthor.naming import is_inside
from procauthor.procedure import Status
from procauthor.regex import lazy
from procauthor.system import read_regular

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

FILE_NAME = "procauthor.toml"
INTERVAL = lazy(r"P?(?P<number>\d{1,4})\s*(?P<unit>d|w|m|y|days?|weeks?|months?|years?)", re.IGNORECASE)
"""An interval of time: a number and a unit, also as ISO 8601 writes it."""
_SECTION = b"[tool.procauthor"
# A key that is longer than this would fill the screen.
_LONGEST = 80
_PLAIN = {"dictionary": "table", "tuple": "list", "string": "text", "valid ": "", "integer": "whole number"}
_BOUNDS = {"ge": "{} or more", "gt": "more than {}", "le": "{} or less", "lt": "less than {}"}
_CONTAINERS = {"dict": "a table of texts", "tuple": "a list of texts"}


class _Table(BaseModel):
    # What proves values takes long to build, and most commands need that of the whole settings alone.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    @classmethod
    def bare(cls) -> Self:
        """Return the table as it counts where nothing is written: its values need no proof."""
        return cls.model_construct()


def _stay_inside(path: str) -> str:
    if is_inside(path):
        return path
    message = f"{path!r} leads out of the library"
    raise ValueError(message)


def _name_once(pattern: str) -> str:
    if pattern.count("{name}") == 1:
        return pattern
    message = f"{pattern!r} does not say once where the name is: {{name}}"
    raise ValueError(message)


def _say_interval(text: str) -> str:
    if not text.strip() or INTERVAL.fullmatch(text.strip()):
        return text
    message = f"{text!r} is no interval such as 90d, 6 months or 1y"
    raise ValueError(message)


Site = Literal[
    "github",
    "gitlab",
    "mkdocs",
    "mdbook",
    "hugo",
    "docsify",
    "middleman",
    "jekyll",
    "eleventy",
    "docusaurus",
    "vitepress",
    "starlight",
    "gitbook",
    "plain",
]
"""What shows documents to their readers."""
InsidePath = Annotated[str, AfterValidator(_stay_inside)]
"""A path relative to the root of the library, which it never leaves."""


# `docs/settings.md` and `docs/schema/settings.json` are made of the classes below: `python -m pages`.


class LibrarySettings(_Table):
    """Where the index and the plan are, and which files are no documents. Paths are relative to the library's root."""

    index: InsidePath = "index.md"
    """The index: the document with the table of all procedures."""
    plan: InsidePath = "action-plan.md"
    """The action plan that `plan`, `run` and `create` read when no file is named."""
    roles: InsidePath = "library/roles.md"
    """The document whose tables list the roles: where it exists, each role that a procedure names has to be in it."""
    exclude: tuple[str, ...] = Field(default=(), examples=[["archive/*", "*.draft.md"]])
    """Patterns of files that are left out, matched against the whole path; `*` also matches `/`."""


class CheckSettings(_Table):
    """The baseline of known findings, and the pages that explain the rules."""

    baseline: InsidePath = Field(default="", examples=[".procauthor-baseline.json"])
    """The file of known findings, relative to the root; empty means that there is none."""
    help_url: str = Field(default="", examples=["https://docs.example.org/rules/{rule}"])
    """The address of the page about a rule, for reports in SARIF; `{rule}` becomes the name of the rule."""


class SectionSettings(_Table):
    """Other headings and labels that documents may use for a section, or a part of a step, of their template."""

    synonyms: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, examples=[{"Failure Handling": ["Rollback", "If Something Breaks"]}]
    )
    """The heading or label in the template, and those that mean the same."""


class AuthoringSettings(_Table):
    """Who writes, and within which bounds. Keys come from the environment or the keyring, never from a file."""

    model: str = Field(default="offline", examples=["openai:gpt-5-mini"])
    """The author when no option names one: `offline`, `skeleton`, or a chat model as `provider:name`."""
    base_url: str = Field(default="", examples=["http://localhost:8000/v1"])
    """The address of the model server; empty means the provider's own."""
    temperature: float | None = Field(default=None, examples=[0.2])
    """The temperature that the model is asked with; without it, the provider decides."""
    timeout: float = Field(default=120.0, gt=0)
    """How many seconds a call may last."""
    retries: int = Field(default=2, ge=0, le=10)
    """How often a call is tried again after a passing failure."""
    repairs: int = Field(default=2, ge=0, le=10)
    """How many rounds of repair a field gets whose value was refused."""
    max_tokens: int = Field(default=200_000, gt=0)
    """The ceiling of one run in tokens, in and out together."""
    reply_tokens: int = Field(default=8_000, gt=0)
    """The longest reply to one call, in tokens."""
    context_tokens: int = Field(default=0, ge=0, examples=[32_768])
    """The context window of the model in tokens, in and out together; 0 means that only its server may know it."""
    passages: int = Field(default=6, ge=0, le=100)
    """How many passages of the library a brief holds at most."""


class RunSettings(_Table):
    """Where runs and paid calls are kept, if several machines share them. Needs `procauthor[workers]`."""

    database: str = Field(default="", examples=["postgresql://procauthor@localhost/procauthor"])
    """The address of a Postgres database; empty means a file in `.procauthor/`.

    An address elsewhere than on this machine or in a private network, and a password, belong into the environment
    variable `PROCAUTHOR_DATABASE`, which goes before this key.
    """
    lease: float = Field(default=30.0, ge=1)
    """Seconds after which a worker that says nothing counts as dead."""


class RetrievalSettings(_Table):
    """Which embedding the search uses, and where its vectors are ranked."""

    embedding: str = Field(default="builtin", examples=["langchain:openai:text-embedding-3-small"])
    """What turns text into vectors: `builtin`, `minilm`, `minilm:FOLDER` or `langchain:PROVIDER:MODEL`."""
    server: str = Field(default="", examples=["http://localhost:8000"])
    """The address of a Chroma server that ranks the vectors; empty means that procauthor does."""


class LinkSettings(_Table):
    """How links to headings are resolved."""

    slugs: Literal["github", "gitlab", "mkdocs"] = "github"
    """Whose rule makes the anchor of a heading."""


class ReportSettings(_Table):
    """Where reports and pages for readers lead."""

    link: str = Field(default="", examples=["https://github.com/ORG/REPO/blob/main/{path}"])
    """The address of a document by its `{path}`; empty means the file itself, as seen from the report."""


class TitleConventions(_Table):
    """Where the name of a document is, and what is written around it."""

    sources: tuple[Literal["heading", "first-heading", "front-matter", "name"], ...] = ("heading", "front-matter")
    """Where a title is looked for, in this order.

    `heading` is the heading of level 1, `first-heading` the first one where no other is as high, `front-matter` the key
    `title`, `name` the key `name`.
    """
    patterns: tuple[Annotated[str, AfterValidator(_name_once)], ...] = Field(
        default=(), examples=[["Procedure: {name}", "{number}. {name}", "{name} [Deprecated]"]]
    )
    """What is written around the name; all that fit are taken off."""
    names: dict[InsidePath, str] = Field(default_factory=dict, examples=[{"oncall/being_oncall.md": "Being On-Call"}])
    """Names of documents that have no title of their own, by their path."""


class StatusConventions(_Table):
    """Where the status of a document is declared, and which word means which state."""

    sources: tuple[Literal["metadata", "table", "section", "title", "folder"], ...] = ("metadata",)
    """Where a status is looked for, in this order.

    `metadata` is front matter or a bold line, `table` a table before the first chapter, `section` the first words below
    one of the headings in `sections`, `title` one of the pieces in `titles`, `folder` a folder in `folders`.
    """
    sections: tuple[str, ...] = Field(default=(), examples=[["Status"]])
    """Headings below which the first words are the status."""
    words: dict[str, Status] = Field(default_factory=dict, examples=[{"Accepted": "defined"}])
    """What words mean, besides those that ship."""
    remarks: bool = False
    """Whether a remark may follow the word, as in `Placeholder - to be written`."""
    unfinished: bool = False
    """Whether a document that says that it is in progress is, however whole its text looks."""
    titles: dict[str, Status] = Field(default_factory=dict, examples=[{"[Deprecated]": "deprecated"}])
    """Pieces of a title that say a status."""
    folders: dict[InsidePath, Status] = Field(default_factory=dict, examples=[{"archive": "deprecated"}])
    """Folders whose documents have a status."""
    signposts: bool = False
    """Whether a document that holds no more than a link to another one is an alias of it."""
    tolerated: tuple[str, ...] = Field(default=(), examples=[["broken-link", "broken-anchor"]])
    """Rules whose errors do not make a document in progress: a link may break under a text that is finished."""


class IndexConventions(_Table):
    """How an index is written, besides what ships: the heads of its columns, and signs that say a status."""

    columns: dict[Literal["title", "standard", "status", "phase", "order", "lifecycle"], tuple[str, ...]] = Field(
        default_factory=dict, examples=[{"title": ["Verfahren"], "status": ["Stand"]}]
    )
    """Further heads of the columns of its tables."""
    marks: dict[str, Status] = Field(default_factory=dict, examples=[{"🟡": "in progress"}])
    """Further signs that say a status."""


class PlaceholderConventions(_Table):
    """Words that say that a text is not finished."""

    words: tuple[str, ...] = Field(default=(), examples=[["FIXME"]])
    """Words that say that a text is not finished, besides those that ship."""
    ignore: tuple[str, ...] = Field(default=(), examples=[["TBD"]])
    """Words that mean something else here; `*` is all of them, as where the rule `placeholder-text` is off."""
    code: bool = False
    """Whether such a word counts at the beginning of a piece of code."""


class ReviewConventions(_Table):
    """Which metadata say who answers for a document, how often it is reviewed, and when that was done last.

    Keys are in lower case with underscores; the first one that a document has counts.
    """

    owner: tuple[str, ...] = ("owner",)
    """Keys that name who answers for the document."""
    every: tuple[str, ...] = ("review_every",)
    """Keys that say how often it is reviewed: `90d`, `6 months`, `1y`."""
    last: tuple[str, ...] = ("last_reviewed",)
    """Keys with the day of the last review, as `2027-06-01`; an approval counts as one, too."""
    default: Annotated[str, AfterValidator(_say_interval)] = Field(default="", examples=["1y"])
    """How often documents are reviewed that do not say it themselves; empty means that they need no review."""


class Conventions(_Table):
    """How a library writes what procauthor reads. The defaults are procauthor's own notation."""

    site: Site = "github"
    """What shows the documents to readers, and says where their links lead."""
    site_root: str = Field(default="", examples=["docs"])
    """The folder of the site's pages, from the root of the library."""
    addresses: dict[str, str] = Field(
        default_factory=dict,
        examples=[{"https://github.com/example/handbook/blob/*": "", "https://docs.example.org": "docs"}],
    )
    """Where a host or a site shows a folder of the library, with that folder; ``*`` is any name of a branch."""
    unproven: tuple[Literal["root", "page"], ...] = Field(default=(), examples=[["root"]])
    """Kinds of links that mostly lead nowhere, so a broken one is no error.

    `root` are those from the root of a site, `page` those to a page beside the document without the ending of a file.
    """
    pages: tuple[str, ...] = ("readme",)
    """Names of files, without ending, that show a folder, or paths of such files; they are no procedures."""
    procedures: tuple[str, ...] = Field(default=(), examples=[["runbooks/*.md"]])
    """Patterns of paths whose documents are counted without a template."""
    template_files: tuple[InsidePath, ...] = Field(default=(), examples=[["runbooks/_template.md"]])
    """Documents that show a form, and do not follow it."""
    titles: TitleConventions = TitleConventions.bare()
    status: StatusConventions = StatusConventions.bare()
    placeholders: PlaceholderConventions = PlaceholderConventions.bare()
    index: IndexConventions = IndexConventions.bare()
    review: ReviewConventions = ReviewConventions.bare()


class PlanSettings(_Table):
    """What makes a gap urgent when a plan is written. The weights are added up to the score of a procedure."""

    critical: float = Field(default=3.0, ge=0)
    """The weight of being on the critical path of an orchestration."""
    blocks: float = Field(default=0.5, ge=0)
    """The weight of each unfinished procedure that has to wait for it, for at most 20 of them."""
    used: float = Field(default=3.0, ge=0)
    """The weight of each finished procedure that relies on it."""
    called: float = Field(default=1.0, ge=0)
    """The weight of each orchestration that calls it, where it is on no critical path."""
    lacks: float = Field(default=3.0, ge=0)
    """The weight of a begun text that lacks required sections, or says of itself that it is not finished."""
    open: float = Field(default=1.0, ge=0)
    """The weight of places in a begun text that are still to be finished, however many they are."""
    ends: float = Field(default=6.0, ge=0)
    """The weight of belonging to a lifecycle of which a third is there and that lacks five procedures at most."""
    p0: float = 6.0
    """The score from which on a procedure has priority P0."""
    p1: float = 3.0
    """The score from which on it has priority P1."""
    p2: float = 1.0
    """The score from which on it has priority P2; below that it is P3."""
    hours_min: float = Field(default=2.0, gt=0)
    """The hours that a procedure of usual length takes at least."""
    hours_max: float = Field(default=3.0, gt=0)
    """The hours that a procedure of usual length takes at most."""


class Settings(_Table):
    """All settings."""

    library: LibrarySettings = LibrarySettings.bare()
    templates: dict[str, str] = Field(
        default_factory=dict,
        examples=[{"runbooks/*.md": "runbook", "evaluations/*.md": "", "*/*.md": "procedure"}],
    )
    """Which template a document has: a pattern of paths, and the name of a template in `templates/`.

    The first pattern that matches counts, at the root or below any folder; `*` also matches `/`. An empty name means
    that these documents have no template.
    """
    sections: SectionSettings = SectionSettings.bare()
    check: CheckSettings = CheckSettings.bare()
    authoring: AuthoringSettings = AuthoringSettings.bare()
    run: RunSettings = RunSettings.bare()
    retrieval: RetrievalSettings = RetrievalSettings.bare()
    links: LinkSettings = LinkSettings.bare()
    report: ReportSettings = ReportSettings.bare()
    conventions: Conventions = Conventions.bare()
    plan: PlanSettings = PlanSettings.bare()
    rules: dict[str, Literal["error", "warning", "info", "off"]] = Field(
        default_factory=dict, examples=[{"orphan": "off", "unlinked-name": "info"}]
    )
    """The severity of a rule, by its name; `off` turns it off. `docs/rules.md` lists the rules."""

    @model_validator(mode="after")
    def _free_statuses(self) -> Self:
        """Let no word keep a document in progress where the rule about such words is off."""
        if self.rules.get("placeholder-text") == "off":
            placeholders = self.conventions.placeholders.model_copy(update={"ignore": ("*",)})
            conventions = self.conventions.model_copy(update={"placeholders": placeholders})
            # A table of settings is not to be changed once it is made, and this one is being made.
            object.__setattr__(self, "conventions", conventions)
        return self


class Location(Struct, frozen=True):
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
        if file.exists() or file.is_symlink():
            return Location(candidate, read_settings(file), file)
        table = _pyproject_table(candidate / "pyproject.toml")
        if table is not None:
            return Location(candidate, _validate(table, candidate / "pyproject.toml"), candidate / "pyproject.toml")
    return Location(folder, Settings.bare())


def read_settings(file: Path) -> Settings:
    """Read a settings file.

    Raises:
        ConfigError: It is no TOML, or a key or a value is wrong.
    """
    return _validate(_read_toml(file), file)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(file).decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        message = f"{file.name} is no valid TOML: {error}"
        raise ConfigError(message, "correct the line that is named; docs of the format: https://toml.io") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = f"{file.name} is not UTF-8: line {line}"
        raise ConfigError(message, "save it as UTF-8") from error
    except (RecursionError, ValueError) as error:
        # The parser of Python goes as deep as the text does, and reads no number of more than some thousand digits.
        message = f"{file.name} is no valid TOML: brackets too deep, or a number too long"
        raise ConfigError(message, "settings have tables of texts, numbers and lists, and nothing deeper") from error
    except OSError as error:
        message = f"{file.name} cannot be read: {error.strerror}"
        raise ConfigError(message, "look at its rights, or name another folder with -C") from error


def _pyproject_table(file: Path) -> dict[str, Any] | None:
    """Return the settings in a ``pyproject.toml``; one that cannot be read has none, unless it names ours."""
    if not file.is_file():
        return None
    try:
        tool = _read_toml(file).get("tool")
    except ConfigError:
        if _SECTION in _bytes(file):
            raise
        return None
    if tool is not None and not isinstance(tool, dict):
        message = f"{file.name}{_line_of(file, ('tool',))}: 'tool' is no table"
        raise ConfigError(message, "write a table such as [tool.procauthor], or leave it out")
    table = tool.get("procauthor") if tool else None
    if table is not None and not isinstance(table, dict):
        message = f"{file.name}{_line_of(file, ('procauthor',))}: 'tool.procauthor' is no table"
        raise ConfigError(message, "write [tool.procauthor] with keys below it")
    return table


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _validate(table: dict[str, Any], file: Path) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        line = _line_of(file, first["loc"])
        message = f"{file.name}{line}: {where[:_LONGEST]!r}: {_said(first)}"
        raise ConfigError(message, _hint(first["loc"], first["type"])) from error


def _line_of(file: Path, location: tuple[int | str, ...]) -> str:
    """Return ``:7`` where a key is written, or nothing where that cannot be told for certain."""
    lines = _bytes(file).decode(errors="replace").splitlines()
    for name in (str(part) for part in reversed(location)):
        key = re.compile(rf"""\s*(?:\[[^\]]*\b)?["']?{re.escape(name)}["']?\s*(?:=|\])""")
        places = [number for number, line in enumerate(lines, start=1) if key.match(line)]
        if len(places) == 1:
            return f":{places[0]}"
    return ""


def _said(error: ErrorDetails) -> str:
    """Return what is wrong in the words of a person who writes settings."""
    if error["type"] == "extra_forbidden":
        return "there is no such key"
    words = error["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    for word, plain in _PLAIN.items():
        words = words.replace(word, plain)
    return words.partition(" or instance of")[0]


def _hint(location: tuple[int | str, ...], kind: str) -> str:
    """Say what is allowed: the keys of a table, or the values of a key."""
    model: type[BaseModel] = Settings
    names = [str(part) for part in location if isinstance(part, str)]
    for part in names:
        field = model.model_fields.get(part)
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        model = annotation
    known = list(model.model_fields)
    if kind == "extra_forbidden":
        close = get_close_matches(names[-1], known, n=1)
        return f"did you mean {close[0]!r}?" if close else f"known keys are: {', '.join(known)}"
    if kind == "value_error":
        return "allowed is a path below the library's folder, relative to it"
    field = next((model.model_fields[name] for name in names if name in model.model_fields), None)
    if field is None or not names:
        return f"it is a table with the keys: {', '.join(known)}"
    return f"allowed is {_allowed(field)}"


def _allowed(field: FieldInfo) -> str:
    """Return the values that a key takes, with an example where it has a default."""
    kinds = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}
    annotation = field.annotation
    options = [repr(option) for option in _options(annotation)]
    kind = kinds.get(getattr(annotation, "__name__", ""), "a number")
    bounds = list(chain.from_iterable(map(_bound, field.metadata)))
    shown = " or ".join(options) or _CONTAINERS.get(getattr(get_origin(annotation), "__name__", ""), kind)
    default = field.default if isinstance(field.default, str | int | float) and field.default != "" else None
    return shown + (f" ({', '.join(bounds)})" if bounds else "") + (f"; the default is {default!r}" if default else "")


def _bound(bound: object) -> Iterator[str]:
    for name, said in _BOUNDS.items():
        if hasattr(bound, name):
            yield said.format(getattr(bound, name))


def _options(annotation: Any) -> Iterator[object]:
    """Yield the words that a key takes, also those of the values of a table."""
    for part in get_args(annotation):
        if get_origin(annotation) is Literal:
            yield part
        else:
            yield from _options(part)
