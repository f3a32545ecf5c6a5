"""Steps, their parts, and the flow of artifacts between them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from procauthor.checking.fix import mend, renumber
from procauthor.checking.jump import find_lost, step_name, step_words
from procauthor.checking.scope import Reach, Rule, Scope, say, say_line
from procauthor.checking.usage import is_optional
from procauthor.finding import Finding
from procauthor.library.artifact import artifact_key
from procauthor.library.contract import NONE_WORDS, part_of
from procauthor.library.library import Procedure
from procauthor.procedure import Artifact, Part, Step
from procauthor.template.role import Meaning, meaning_of
from procauthor.template.spec import SectionSpec

STEP_NUMBER_GAP = Rule(
    name="step-number-gap",
    code="W101",
    severity="error",
    summary="Steps are not numbered 1, 2, 3 and so on.",
    why="A reference such as “return to Step 4” leads to the wrong step, or to none.",
    fix="Renumber the steps, and the references to them.",
    example="Step 1, Step 2, Step 4",
)
STEP_PART_MISSING = Rule(
    name="step-part-missing",
    code="W102",
    severity="error",
    summary="A step lacks a part that the template asks for, or the part is empty.",
    why="A step without inputs, actions or outputs can be neither followed nor checked.",
    fix="Add the part. Where the template allows it, “None.” is an answer.",
    example="a step that ends with its actions, without “**Outputs:**”",
)
STEP_INPUT_WITHOUT_PRODUCER = Rule(
    name="step-input-without-producer",
    code="W103",
    severity="error",
    summary="A step uses something that no earlier step makes and that is no required input.",
    why="A reader gets stuck there.",
    fix="Name the right source, add the output to an earlier step, or require the input.",
    example="- Risk List (From: Step 2), where step 2 makes no Risk List",
)
UNUSED_OUTPUT = Rule(
    name="unused-output",
    code="W104",
    severity="warning",
    summary="A step makes something that no later step uses and the output contract does not name.",
    why="Either the work is wasted, or a promise is missing.",
    fix="Use it in a later step, add it to the output contract, or leave it out.",
    example="- Meeting Notes: what was said, which nothing below mentions",
)
STEP_TARGET_MISSING = Rule(
    name="step-target-missing",
    code="W105",
    severity="error",
    summary="A step that the text refers to does not exist.",
    why="The reader is sent nowhere, mostly in the moment something has failed.",
    fix="Correct the number.",
    example="return to Step 9, in a workflow of six steps",
)
RULES = (STEP_NUMBER_GAP, STEP_PART_MISSING, STEP_INPUT_WITHOUT_PRODUCER, UNUSED_OUTPUT, STEP_TARGET_MISSING)
REACH: Reach = "document"

# What a part without items can be followed by when it is empty: a heading, a rule, or the next label.
_NEXT_PART = re.compile(rb"[ \t]*(?:#{1,6}[ \t]|-{3,}[ \t]*$|(?:[-*+][ \t]+)?\*\*[^*\n]+\*\*)")
# Among more names than these, none is looked for that is only like the one that was meant.
_MANY = 200


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.finished:
        spec = _workflow(procedure)
        steps = procedure.contract.steps
        if spec is None or not steps:
            continue
        yield from _numbers(scope, procedure, steps)
        yield from (each for step in steps for each in _parts(procedure, step, spec))
        if procedure.kind == "procedure":
            yield from _inputs(procedure)
            yield from _outputs(procedure)
            for start, message in find_lost(scope, procedure, steps):
                yield say(STEP_TARGET_MISSING, procedure, start, message)


def _workflow(procedure: Procedure) -> SectionSpec | None:
    sections = procedure.template.sections if procedure.template else ()
    return next((s for s in sections if s.kind == "steps"), None)


def _numbers(scope: Scope, procedure: Procedure, steps: tuple[Step, ...]) -> Iterator[Finding]:
    """Report the first gap only: all that follows is a consequence."""
    numbers = [step.number for step in steps if step.number is not None]
    if len(numbers) < len(steps):
        return
    first = min(1, numbers[0])
    for place, (number, step) in enumerate(zip(numbers, steps, strict=True)):
        if number != first + place:
            twice = number in numbers[:place]
            message = f"step {number} appears " + ("twice" if twice else f"where step {first + place} is expected")
            finding = say(STEP_NUMBER_GAP, procedure, step.start, message)
            yield mend(finding, procedure, *renumber(scope, procedure, steps))
            return


# Parts


def _parts(procedure: Procedure, step: Step, spec: SectionSpec) -> Iterator[Finding]:
    for part in spec.parts:
        found = _find_part(step, part)
        if found is None and not part.constraint.optional:
            message = f"step {step_name(step)} has no {part.heading!r}"
            yield say(STEP_PART_MISSING, procedure, step.start, message)
        elif found is not None and not part.constraint.optional and _is_empty(procedure, found):
            message = f"{part.heading!r} of step {step_name(step)} is empty"
            hint = f"write {part.constraint.none!r} where there is none" if part.constraint.none else ""
            yield say_line(STEP_PART_MISSING, procedure, found.line, message, hint)
        elif found is not None and part.constraint.minimum > 0 and part.kind != "prose" and _says_none(found):
            message = f"{part.heading!r} of step {step_name(step)} is none, and the template wants at least one"
            yield say_line(STEP_PART_MISSING, procedure, found.line, message)


def _find_part(step: Step, spec: SectionSpec) -> Part | None:
    """Find a part by its label, which may say more: "Inputs (required)"."""
    for key in spec.keys:
        for label, part in step.parts.items():
            if label == key or label.startswith(f"{key} "):
                return part
    return None


def _is_empty(procedure: Procedure, part: Part) -> bool:
    """Say whether nothing follows a label. A table or a code block is something, though it has no items."""
    if part.items or part.text:
        return False
    lines = _lines_behind(procedure, part.line)
    after = next((line for line in lines if line.strip() and not line.lstrip().startswith(b"<!--")), b"")
    return not after or bool(_NEXT_PART.match(after))


def _lines_behind(procedure: Procedure, line: int) -> Iterator[bytes]:
    source = procedure.document.source
    starts = source.line_starts
    for place in range(line, len(starts)):
        yield source.raw[starts[place] : starts[place + 1] if place + 1 < len(starts) else None]


def _says_none(part: Part) -> bool:
    texts = part.items or (part.text,)
    return all(text.strip().casefold() in NONE_WORDS for text in texts)


# Artifacts


@lru_cache(maxsize=64)
def _from_step(steps: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a source that is a step, or several: ``Step 2``, ``outputs of steps 2 and 3``."""
    word = f"(?:{'|'.join(map(re.escape, steps))})"
    return re.compile(
        rf"^(?:the\s+)?(?:outputs?\s+(?:of|from)\s+)?({word})s?\s+(\d+)\b"
        rf"((?:\s*(?:,|and|or|&|/)\s*(?:{word}s?\s+)?\d+\b)*)",
        re.IGNORECASE,
    )


@lru_cache(maxsize=64)
def _named_step(steps: tuple[str, ...], origins: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of an input that names its step without brackets: ``Risk List from Step 2``."""
    word, origin = ("|".join(map(re.escape, names)) for names in (steps, origins))
    return re.compile(rf"^(.+?)\s+(?:{origin})\s+((?:{word})\s+\d+)\b.*$", re.IGNORECASE)


@dataclass(frozen=True)
class _Flow:
    """Where the artifacts of a procedure come from: the steps that make each, by place, and what is required.

    ``beside`` are the places of the steps that run at the same time as the one of a place: they come before neither.
    """

    steps: tuple[Step, ...]
    meaning: Meaning
    words: tuple[str, ...]
    required: frozenset[str]
    made: Mapping[str, Sequence[int]]
    places: Mapping[str, Sequence[int]]
    beside: Mapping[int, set[int]]

    def has_before(self, place: int, key: str, number: str = "") -> bool:
        """Say whether a step before a place makes an artifact, or whether the one of that number does."""
        makers = self.made.get(key, ())
        if not number:
            # Beside a step that makes it there is nothing to wait for; a source that is named is waited for in part.
            return any(maker < place and maker not in self.beside.get(place, ()) for maker in makers)
        return any(maker < place for maker in self.places.get(number, ()) if maker in makers)


def _flow(procedure: Procedure) -> _Flow:
    contract = procedure.contract
    made: dict[str, list[int]] = defaultdict(list)
    places: dict[str, list[int]] = defaultdict(list)
    for place, step in enumerate(contract.steps):
        places[str(step.number or place + 1)].append(place)
        for key in {artifact_key(a.name) for a in step.outputs}:
            made[key].append(place)
    required = frozenset(artifact_key(a.name) for a in contract.inputs)
    beside = _beside(procedure, places)
    return _Flow(contract.steps, meaning_of(procedure.template), step_words(procedure), required, made, places, beside)


def _beside(procedure: Procedure, places: Mapping[str, Sequence[int]]) -> dict[int, set[int]]:
    """Return which steps run beside which others: one that says so of another says it of both."""
    found: dict[int, set[int]] = defaultdict(set)
    for place, step in enumerate(procedure.contract.steps):
        part = part_of(step, procedure.template, "beside")
        for number in re.findall(r"\d+", part.text) if part else ():
            for other in places.get(number, ()):
                found[place].add(other)
                found[other].add(place)
    return found


def _inputs(procedure: Procedure) -> Iterator[Finding]:
    flow = _flow(procedure)
    for place, step in enumerate(flow.steps):
        for wanted in step.inputs:
            message = _unmet(flow, place, wanted)
            if message:
                yield say(STEP_INPUT_WITHOUT_PRODUCER, procedure, wanted.start, message, _maker(flow, wanted))


def _split(wanted: Artifact, meaning: Meaning) -> tuple[str, str]:
    """Return the name of an input and where it is said to come from: also "Risk List from Step 2"."""
    inline = None if wanted.source else _named_step(meaning.steps, meaning.origins).match(wanted.name)
    return (inline[1], inline[2]) if inline else (wanted.name, wanted.source)


def _unmet(flow: _Flow, place: int, wanted: Artifact) -> str:
    """Return what is wrong with an input, or nothing. A source that is no step and no input is somebody else's."""
    name, source = _split(wanted, flow.meaning)
    key, step = artifact_key(name), step_name(flow.steps[place])
    origin = _from_step(flow.meaning.steps).match(source)
    if origin:
        if origin[1].casefold() not in flow.words:
            return ""
        numbers = [origin[2], *re.findall(r"\d+", origin[3])]
        if any(flow.has_before(place, key, number) for number in numbers):
            return ""
        where = f"{origin[1]} {' and '.join(numbers)}"
        return f"step {step} uses {name!r} from {where}, which does not make it before"
    if flow.meaning.names_inputs(source):
        return "" if key in flow.required else f"step {step} uses {name!r}, which is no required input"
    if source or is_optional(wanted) or key in flow.required or flow.has_before(place, key):
        return ""
    return f"step {step} uses {name!r}, which neither an earlier step nor a required input gives"


def _maker(flow: _Flow, wanted: Artifact) -> str:
    """Say where an artifact does come from, if from one place; else which name is like it."""
    key = artifact_key(_split(wanted, flow.meaning)[0])
    found = [f"step {step_name(flow.steps[place])} makes it" for place in flow.made.get(key, ())]
    if key in flow.required:
        found.append("it is a required input")
    if len(found) == 1:
        return found[0]
    close = [] if found else get_close_matches(key, [*flow.required, *flow.made][:_MANY], n=2, cutoff=0.8)
    return f"is it {close[0]!r}?" if len(close) == 1 else ""


def _outputs(procedure: Procedure) -> Iterator[Finding]:
    contract = procedure.contract
    promised = {artifact_key(a.name) for a in contract.outputs} | {artifact_key(c.artifact) for c in contract.consumers}
    # What is taken in and changed is there for everybody afterwards.
    promised |= {artifact_key(a.name) for a in contract.inputs if a.change}
    meaning = meaning_of(procedure.template)
    last_use: dict[str, int] = {}
    for place, step in enumerate(contract.steps):
        last_use |= {artifact_key(name): place for name in _used(step, meaning)}
    for place, step in enumerate(contract.steps):
        for output in step.outputs:
            key = artifact_key(output.name)
            if key not in promised and last_use.get(key, -1) <= place:
                message = f"{output.name!r} of step {step_name(step)} is neither used later nor promised"
                yield say(UNUSED_OUTPUT, procedure, output.start, message)


def _used(step: Step, meaning: Meaning) -> Iterator[str]:
    for wanted in step.inputs:
        yield wanted.name
        inline = _named_step(meaning.steps, meaning.origins).match(wanted.name)
        if inline:
            yield inline[1]
