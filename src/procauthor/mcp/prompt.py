"""Prompts (the eight steps of writing a procedure, and every finished one, to be followed), and documents as resources.

The address of a document is like ``procauthor://procedures/feature/threat-model.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

from procauthor.authoring.brief import STEPS
from procauthor.errors import NotFoundError
from procauthor.library.library import Procedure
from procauthor.markdown.document import slugify
from procauthor.project.project import Project
from procauthor.reporting.export import describe, export_sop, is_finished

_LONGEST = 200
_FOLLOW = (
    "Follow the procedure below, step by step and in its order. Say for each step what you did and what shows it. Stop "
    "and ask where a step needs a decision or a right that you do not have; do not go on after a step that failed."
)


@dataclass(frozen=True, slots=True)
class OfferedPrompt:
    """A prompt: its name, and what it is for; ``argument`` is what it takes, with its description."""

    name: str
    title: str
    description: str
    argument: tuple[str, str]
    required: bool


def list_prompts(project: Project) -> list[OfferedPrompt]:
    """Return the eight steps, then the procedures that are finished and have steps."""
    title = ("title", "Title of the procedure.")
    steps = [OfferedPrompt(step_name(n), f"{n} {name}", name, title, required=True) for n, name in _numbered()]
    task = ("task", "What it is followed for, such as a feature or an incident.")
    followed = (
        OfferedPrompt(name, f"Follow: {procedure.title}", _short(describe(procedure)), task, required=False)
        for name, procedure in _followed(project).items()
    )
    return [*steps, *followed]


def prompt_text(project: Project, name: str, argument: str) -> str:
    """Return the text of a prompt.

    Args:
        project: The library.
        name: The name of the prompt.
        argument: The title of the procedure to write, or what a procedure is followed for.

    Raises:
        NotFoundError: There is no such prompt.
    """
    numbers = {step_name(number): number for number, _ in _numbered()}
    if name in numbers:
        return project.handoff.step_text(argument, numbers[name])
    procedure = _followed(project).get(name)
    if procedure is None:
        message = f"there is no prompt {name!r}"
        raise NotFoundError(message, "the steps are " + ", ".join(numbers) + "; procedures are follow- with their path")
    task = f"What it is followed for: {argument.strip()}\n\n" if argument.strip() else ""
    return f"{_FOLLOW}\n\n{task}{export_sop(procedure)}"


def step_name(number: int) -> str:
    """Return the name of the prompt of one of the eight steps."""
    return f"step-{number}-{slugify(STEPS[number - 1].replace('/', ' '))}"


def _numbered() -> Iterator[tuple[int, str]]:
    return enumerate(STEPS, start=1)


def _followed(project: Project) -> dict[str, Procedure]:
    library = project.library()
    earned = project.workspace.earned(library)
    finished = (p for p in library.counted if is_finished(p, earned[p.path]) and p.contract.steps)
    followed: dict[str, Procedure] = {}
    for procedure in finished:
        followed.setdefault(f"follow-{slugify(procedure.path.rpartition('.')[0].replace('/', '-'))}", procedure)
    return followed


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rsplit(' ', 1)[0]} ..."


# Resources

PREFIX = "procauthor://procedures/"


def list_documents(project: Project) -> Iterator[tuple[str, Procedure]]:
    """Yield the address of every document with the document."""
    for procedure in project.library().procedures:
        yield PREFIX + quote(procedure.path), procedure


def read_document(project: Project, address: str) -> str:
    """Return the text of a document.

    Raises:
        NotFoundError: No document of the library has that address.
    """
    path = unquote(address.removeprefix(PREFIX)) if address.startswith(PREFIX) else ""
    procedure = project.library().by_path.get(path)
    if procedure is None:
        message = f"no document has the address {address!r}"
        raise NotFoundError(message, f"addresses look like {PREFIX}PATH")
    return procedure.document.source.raw.decode()
