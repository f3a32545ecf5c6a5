"""What the sections of a document mean: by the roles that its template declares, else by the words that ship.

A role says what a section is for ("inputs", "exits"), whatever its heading and in whatever language. Only this module
knows which heading has which role; all others ask for a role.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path

from procauthor.regex import lazy
from procauthor.template.spec import Pattern, SectionSpec, Slot, Template, plain_heading, section_key

NO_ROLE = "none"
"""What a template writes for a section that has no role, though its heading looks like one."""
# Between the words that introduce a source and the source itself.
_PUNCTUATION = " \t([{:–—-,;*_"
# One word or several, without digits.
_NAME = lazy(r"[^\W\d_]+(?: [^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Word:
    """How a role is known where no template declares it: by headings, as keys, or by the fields of an item.

    ``filled`` is the authoring step that fills such a section, 0 for the parts of a step.
    """

    headings: tuple[str, ...]
    fields: frozenset[str]
    filled: int


@dataclass(frozen=True, slots=True)
class RoleWords:
    """The words that ship, by role; for sections and for the parts of a step."""

    sections: Mapping[str, Word]
    parts: Mapping[str, Word]
    steps: tuple[str, ...]
    origins: tuple[str, ...]
    own_inputs: tuple[str, ...]
    filled: tuple[tuple[int, tuple[str, ...]], ...]
    """Authoring steps with the words of headings that belong there."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How documents of one template are read; all words without case, all headings as keys.

    ``specs`` are the sections of the template that have a role. ``sections`` holds the headings to look for where no
    section of the template has that role. ``parts`` holds the labels of the parts of a step, ``part_specs`` what the
    template says of them. ``steps`` is what a step is called, ``origins`` what introduces the source of an input,
    ``own_inputs`` how such a source names the required inputs.
    """

    specs: Mapping[str, tuple[SectionSpec, ...]]
    sections: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, tuple[str, ...]]
    part_specs: Mapping[str, SectionSpec]
    steps: tuple[str, ...]
    origins: tuple[str, ...]
    own_inputs: tuple[str, ...]

    def role_of(self, heading: str) -> str:
        """Return the role of a section with that heading, or nothing."""
        key = section_key(heading)
        for role, specs in self.specs.items():
            if any(key in spec.keys for spec in specs):
                return role
        return next((role for role, keys in self.sections.items() if key in keys), "")

    def names_inputs(self, source: str) -> bool:
        """Say whether the source of an input means the required inputs of the procedure itself."""
        key = section_key(source).removeprefix("the ")
        return any(key == name or key.startswith(f"{name} ") for name in self.own_inputs)


@lru_cache(maxsize=1)
def words() -> RoleWords:
    """Return the words that ship."""
    table = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))

    def read(part: str) -> dict[str, Word]:
        return {
            role: Word(
                tuple(map(section_key, each["headings"])), frozenset(each.get("fields", ())), each.get("filled", 0)
            )
            for role, each in table[part].items()
        }

    steps, origins, own = ((w.casefold() for w in table[key]) for key in ("steps", "origins", "own_inputs"))
    filled = tuple((each["step"], tuple(each["words"])) for each in table["filled"])
    return RoleWords(
        read("sections"), read("parts"), tuple(steps), tuple(origins), tuple(map(section_key, own)), filled
    )


def filling_step(spec: SectionSpec) -> int:
    """Return the authoring step that fills a section which does not say so: by its role, else by its heading."""
    known = words()
    if spec.role in known.sections:
        return known.sections[spec.role].filled
    return next((step for step, heads in known.filled if any(word in spec.key for word in heads)), 6)


def assign_roles(specs: Sequence[SectionSpec], known: Mapping[str, Word]) -> tuple[SectionSpec, ...]:
    """Return sections with their roles: those declared, else by heading, else by the fields of an item.

    A declared role is never given to another section as well; one that follows from fields is given once.
    """
    taken = {spec.constraint.role for spec in specs}
    roles = [spec.constraint.role or _by_heading(spec, known, taken) for spec in specs]
    for place, spec in enumerate(specs):
        if not roles[place]:
            roles[place] = _by_fields(spec, known, {*taken, *roles})
    if "workflow" in known and "workflow" not in roles:
        steps = [place for place, spec in enumerate(specs) if spec.kind == "steps" and not roles[place]]
        for place in steps[:1]:
            roles[place] = "workflow"
    return tuple(replace(spec, role="" if role == NO_ROLE else role) for spec, role in zip(specs, roles, strict=True))


def _by_heading(spec: SectionSpec, known: Mapping[str, Word], taken: set[str]) -> str:
    return next((role for role, word in known.items() if spec.key in word.headings and role not in taken), "")


def _by_fields(spec: SectionSpec, known: Mapping[str, Word], taken: set[str]) -> str:
    fields = frozenset(slot.name for slot in spec.pattern.slots) if spec.pattern else frozenset[str]()
    return next(
        (role for role, word in known.items() if word.fields and word.fields == fields and role not in taken), ""
    )


@lru_cache(maxsize=256)
def meaning_of(template: Template | None) -> Meaning:
    """Return how the documents of a template are read; None for a document without one."""
    known = words()
    specs: dict[str, tuple[SectionSpec, ...]] = {}
    for spec in template.sections if template else ():
        if spec.role:
            specs[spec.role] = (*specs.get(spec.role, ()), spec)
    # A heading that the template has, and gives no role or another one, is never taken for what it mostly is.
    own_keys = set(chain.from_iterable(spec.keys for spec in (template.sections if template else ())))
    others = {
        role: tuple(key for key in word.headings if key not in own_keys)
        for role, word in known.sections.items()
        if role not in specs
    }
    workflow = next((spec for spec in specs.get("workflow", ()) if spec.kind == "steps"), None)
    inputs = specs.get("inputs", ())
    own = chain.from_iterable(spec.keys for spec in inputs)
    return Meaning(
        specs=specs,
        sections=others,
        parts=_parts(workflow, known.parts),
        part_specs=_part_specs(workflow),
        steps=tuple(dict.fromkeys((*known.steps, *map(str.casefold, _step_words(workflow))))),
        origins=tuple(dict.fromkeys((*known.origins, *_origin_words(workflow, inputs)))),
        own_inputs=tuple(dict.fromkeys((*own, *known.sections["inputs"].headings, *known.own_inputs))),
    )


def _parts(workflow: SectionSpec | None, known: Mapping[str, Word]) -> dict[str, tuple[str, ...]]:
    declared: dict[str, tuple[str, ...]] = {}
    for part in workflow.parts if workflow else ():
        if part.role:
            declared[part.role] = (*declared.get(part.role, ()), *part.keys)
    return {role: declared.get(role) or word.headings for role, word in known.items()}


def _part_specs(workflow: SectionSpec | None) -> dict[str, SectionSpec]:
    specs: dict[str, SectionSpec] = {}
    for part in workflow.parts if workflow else ():
        specs |= dict.fromkeys(part.keys, part)
    return specs


def step_word(template: Template) -> str:
    """Return what a template calls a step, as it is written there: ``Step``, ``Schritt``."""
    return next(_step_words(template.of_role("workflow")), words().steps[0].capitalize())


def inputs_name(template: Template) -> str:
    """Return how a step of the template names the required inputs as its source: their heading without a number."""
    spec = template.of_role("inputs")
    return plain_heading(spec.heading) if spec else words().sections["inputs"].headings[0].title()


def has_foreign_words(template: Template) -> bool:
    """Say whether a template calls its steps, or else the sources of inputs, as no template that ships does.

    English sentences would not fit into its documents.
    """
    known, workflow = words(), template.of_role("workflow")
    own, shipped = list(_step_words(workflow)), known.steps
    if not own:
        own, shipped = (
            list(_origin_words(workflow, [s for s in template.sections if s.role == "inputs"])),
            known.origins,
        )
    return bool(own) and not any(word.casefold() in shipped for word in own)


def _step_words(workflow: SectionSpec | None) -> Iterator[str]:
    """Yield what a step is called: the words before its number."""
    parts = workflow.step_heading.parts if workflow and workflow.step_heading else ()
    if len(parts) > 1 and isinstance(parts[0], str) and isinstance(parts[1], Slot) and parts[1].name == "number":
        word = " ".join(parts[0].split())
        if _NAME.fullmatch(word):
            yield word


def _origin_words(workflow: SectionSpec | None, inputs: Sequence[SectionSpec]) -> Iterator[str]:
    """Yield what introduces a source: the words before the last field of an input."""
    parts = [part for part in workflow.parts if part.role == "inputs"] if workflow else []
    for spec in (*inputs, *parts):
        word = _before_last(spec.pattern) if spec.pattern else ""
        if word:
            yield word


def _before_last(pattern: Pattern) -> str:
    before = ""
    for earlier, part in zip(pattern.parts, pattern.parts[1:], strict=False):
        if isinstance(part, Slot):
            before = earlier if isinstance(earlier, str) else ""
    word = " ".join(before.strip(_PUNCTUATION).split()).casefold()
    return word if ":" in before and _NAME.fullmatch(word) else ""
