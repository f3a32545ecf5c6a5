"""What an author is asked, all that it needs to know, and what it answers. A brief is stored as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

import msgspec
from msgspec import Struct, field

from procauthor.data import ungrouped

if TYPE_CHECKING:
    from pydantic import BaseModel

    from procauthor.template.spec import Template

Relation = Literal["depends on", "is needed by", "is named by", "is close to"]


class BriefOptions(TypedDict, total=False):
    """What a caller may say of a procedure besides its title; `Authoring.brief` tells what each means."""

    lifecycle: str
    phase: int | str | None
    depends_on: Sequence[str]
    plan: str | Path | None
    purpose: str
    trigger: str
    scope: str


class ChangeRequest(Struct, frozen=True):
    """The wish to create or to update one procedure, with what the plan says of it.

    ``actions`` are the plan's action items; ``depends_on`` and ``blocks`` hold titles, and ``added`` those of the first
    that the caller named. ``wish`` is what an update should change, in words; empty for a procedure that is to be
    created. ``purpose``, ``trigger`` and ``scope`` are what the user says of it in words; ``owner`` is who the
    placeholder says answers for it.
    """

    title: str
    lifecycle: str = ""
    phase: int | str | None = None
    depends_on: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    why: str = ""
    item: int | None = None
    wish: str = ""
    added: tuple[str, ...] = ()
    purpose: str = ""
    trigger: str = ""
    scope: str = ""
    owner: str = ""

    @property
    def said(self) -> tuple[str, ...]:
        """What is said of it, each in a sentence or two: by the user, and by the plan."""
        return tuple(filter(None, (self.purpose, self.trigger, self.scope, self.why)))


class Passage(Struct, frozen=True):
    """A passage of the library that retrieval found for this request; ``role`` is that of its section, or empty."""

    id: str
    path: str
    title: str
    heading: str
    line: int
    hash: str
    text: str
    role: str = ""

    def shown(self) -> dict[str, Any]:
        """Return the passage as models read it: its id, where it is from, and what it says."""
        source = {"procedure": self.title, "heading": self.heading, "at": f"{self.path}:{self.line}"}
        return {"id": self.id, "source": source, "text": self.text}


class NamedText(Struct, frozen=True):
    """An artifact by name, with what is said of it."""

    name: str
    text: str


class Neighbour(Struct, frozen=True):
    """A procedure before or after this one, with its side of the contract.

    ``path`` is empty where the library only announces it. ``outputs`` are what it guarantees, and ``promised`` those of
    which it says that the procedure that is being written uses them; ``wants`` is what it expects from that. A relation
    "is named by" says that an action item of the plan names it, and "is close to" that the two are likely to work
    together; ``takes`` names what such a one requires, and ``lacks`` says of it what no procedure provides.
    """

    title: str
    relation: Relation
    path: str = ""
    status: str = "missing"
    purpose: str = ""
    triggers: tuple[str, ...] = ()
    outputs: tuple[NamedText, ...] = ()
    promised: tuple[str, ...] = ()
    wants: tuple[NamedText, ...] = ()
    takes: tuple[str, ...] = ()
    lacks: tuple[NamedText, ...] = ()


class Promise(Struct, frozen=True):
    """What a procedure promises by name; of one that is only ``announced``, what others expect of it."""

    title: str
    artifacts: tuple[str, ...]
    announced: bool = False

    def __str__(self) -> str:
        """Return the title, with a word where it is only announced."""
        return f"{self.title} (announced)" if self.announced else self.title


class Namesake(Struct, frozen=True):
    """A procedure that may do the same work, and why; an empty path marks one that is only announced."""

    title: str
    path: str
    why: str

    def __str__(self) -> str:
        """Return what to consider, in one sentence."""
        if self.path:
            return f"{self.title!r} ({self.path}) may do this work: {self.why}; procauthor update changes it"
        return f"{self.title!r} is announced and may be this work: {self.why}; create it under that title"


class Standard(Struct, frozen=True):
    """A standard that may apply: the rules of it that fit the subject, whole."""

    title: str
    path: str
    rules: tuple[NamedText, ...] = ()

    def shown(self) -> dict[str, Any]:
        """Return the standard as authors read it: its title, and each rule in one line."""
        return {"title": self.title, "rules": [f"{rule.name}: {rule.text}" for rule in self.rules]}


class Reference(Struct, frozen=True):
    """A member of the closed list; an empty path marks a title that is announced, but has no document yet."""

    title: str
    path: str = ""

    @property
    def announced(self) -> bool:
        """Whether the title has no document yet."""
        return not self.path


class Brief(Struct, frozen=True):
    """Everything that an author needs for one procedure, gathered without a model.

    ``path`` is where the document will be, ``base`` the stamp of the file that is there now, or empty.
    ``present`` holds what people already wrote there about its purpose, ``text`` the whole file, byte for byte.
    ``rules`` are the standards that may apply; ``promises`` what procedures promise by name, and ``untold`` how many
    more do; ``roles`` and ``registers`` those that the library names; ``namesakes`` who may do the same work;
    ``revises`` says that it is defined already, and that its fields are revised.
    ``references`` is the closed list, the nearest titles first; so many of them, ``nearest``, are listed where there is
    no room for all. ``heading`` is the title as the document has it, empty where none is written, None for the plain
    title; ``front`` what is in its front matter as in those beside it, ``left`` fields of ours that are not.
    """

    request: ChangeRequest
    path: str
    template: str
    template_hash: str
    base: str = ""
    present: str = ""
    text: str = ""
    passages: tuple[Passage, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    standards: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    orchestrations: tuple[str, ...] = ()
    nearest: int | None = None
    revises: bool = False
    rules: tuple[Standard, ...] = ()
    promises: tuple[Promise, ...] = ()
    untold: int = 0
    roles: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    namesakes: tuple[Namesake, ...] = ()
    heading: str | None = None
    front: tuple[tuple[str, str | int], ...] = ()
    left: tuple[str, ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """The closed list of titles."""
        return tuple(reference.title for reference in self.references)

    @property
    def near(self) -> tuple[Reference, ...]:
        """The part of the closed list that fits a prompt, and a schema as providers take it."""
        return self.references[: self.nearest]

    @property
    def upstream(self) -> tuple[Neighbour, ...]:
        """The procedures that this one depends on."""
        return tuple(n for n in self.neighbours if n.relation == "depends on")

    @property
    def downstream(self) -> tuple[Neighbour, ...]:
        """The procedures that need this one."""
        return tuple(n for n in self.neighbours if n.relation == "is needed by")

    @property
    def wanted(self) -> Iterator[tuple[Neighbour, NamedText]]:
        """What the procedures that need this one expect by name, each with its procedure."""
        return ungrouped((n, n.wants) for n in self.downstream)

    def as_json(self) -> dict[str, Any]:
        """Return the brief as JSON, which `as_type` reads back."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


class Usage(Struct, frozen=True):
    """What a run has cost."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Add up two usages."""
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def as_json(self) -> dict[str, int]:
        """Return the documented JSON object."""
        return {"calls": self.calls, "input_tokens": self.input_tokens, "output_tokens": self.output_tokens}


class Answer(Struct, frozen=True):
    """What an author returns for one step.

    ``values`` by field name; ``sources`` the passage ids that each field rests on; ``questions`` what needs a
    person's judgement.
    """

    values: Mapping[str, Any]
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    usage: Usage = Usage()


@lru_cache(maxsize=64)
def mark_of(brief: Brief) -> str:
    """Return what the markers around data carry: the same for every call, and not to be guessed by texts."""
    return hashlib.sha256(json.dumps(brief.as_json(), sort_keys=True).encode()).hexdigest()[:10]


# An author

# The eight steps of Create or Update Procedure, under the names that users see.
STEPS: tuple[str, ...] = (
    "Identify purpose and boundaries",
    "Identify inputs and triggers",
    "Decompose the workflow",
    "Validate input/output continuity",
    "Define failure modes",
    "Define output contract and definition of done",
    "Format with the canonical template",
    "Validate and review",
)


class FieldProblem(Struct, frozen=True):
    """Why a field must be written again: its name, and what was wrong with it."""

    field: str
    message: str


class AskForm(Struct, frozen=True):
    """What an ask wants instead of the template's fields: a model of its own, and the prompts that ask for it.

    ``prompts`` are (name, variables) in order; each gets the marker of the brief as ``mark`` besides. ``briefed`` puts
    the brief before them.
    """

    model: type[BaseModel]
    prompts: tuple[tuple[str, Mapping[str, object]], ...]
    briefed: bool = False


class Ask(Struct, frozen=True):
    """What one step asks of an author.

    ``fields`` holds what earlier steps filled, ``asked`` the questions that are open so far; ``problems`` is empty on
    the first ask, and names what must be written again on a later one. ``budget`` is the number of tokens that the run
    may still use, None for no bound; ``left`` how many proposals and questions the draft may still have, likewise.
    """

    brief: Brief
    template: Template
    step: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[FieldProblem] = ()
    budget: int | None = None
    form: AskForm | None = None
    asked: tuple[str, ...] = ()
    left: int | None = None

    @property
    def names(self) -> frozenset[str]:
        """The fields that must be corrected; empty on the first ask, which wants all fields of the step."""
        return frozenset(problem.field for problem in self.problems)


class Author(Protocol):
    """Fills the typed fields of one step at a time."""

    @property
    def id(self) -> str:
        """``offline``, or ``provider:model``."""

    def fill(self, ask: Ask) -> Answer:
        """Return values that fit ``build_model(template, step, brief.titles)``.

        Raises:
            ModelError: The provider failed after retries.
            ModelOutputError: No usable output after repairs.
            BudgetError: The next call could pass the run's ceiling.
        """


def told(value: Any) -> Any:
    """Return a value without the members that say nothing: a model reads them in every call."""
    if isinstance(value, Mapping):
        return {name: told(each) for name, each in value.items() if each is not None}
    return [told(each) for each in value] if isinstance(value, list) else value
