"""Steps: their parts, the flow of artifacts between them, and where they lead."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from itertools import chain, pairwise, repeat

from msgspec import Struct

from procauthor.character import byte_offsets
from procauthor.checking.fix import with_fix
from procauthor.checking.scope import Family, Rule, Scope, say, say_line
from procauthor.checking.usage import is_optional
from procauthor.convention.word import words as spoken
from procauthor.data import grouped, ungrouped
from procauthor.finding import Finding
from procauthor.library.artifact import artifact_key
from procauthor.library.contract import foreign_pattern, is_none, mention_pattern, numbers_in, part_of
from procauthor.library.library import Procedure
from procauthor.markdown.document import Replacement, line_start
from procauthor.markdown.passage import PlainText, read_prose
from procauthor.naming import title_key
from procauthor.procedure import Artifact, Part, Step
from procauthor.regex import any_of, lazy
from procauthor.template.spec import Meaning, SectionSpec, meaning_of

# A name of several words in capitals: "Secret Leak Response, Step 3".
_NAME = lazy(
    r"(?:^|(?<=\W))((?:[A-Z\u00c0-\u00de][\w/-]*\s+(?:(?:and|of|to|for|in|&)\s+)*)+[A-Z\u00c0-\u00de][\w/-]*)"
    r"\s*[,:–—>(]?\s*$"
)
_DIGITS = 9
_LONGEST_HEAD = 80
# How far around a reference another document may be named; in bytes.
_AROUND = 400


def step_name(step: Step) -> str:
    """Return the number of a step, or its name in quotes."""
    return repr(step.name) if step.number is None else str(step.number)


def step_words(procedure: Procedure) -> tuple[str, ...]:
    """Return what the steps are called here. Where they are steps, a phase is one of a lifecycle, or of a project."""
    return procedure.document.once("step words", lambda: _step_words(procedure), procedure.template)


def _step_words(procedure: Procedure) -> tuple[str, ...]:
    first, *others = meaning_of(procedure.template).steps
    raw = procedure.document.source.raw
    heads = [raw[s.start : s.start + _LONGEST_HEAD].split(b"\n")[0] for s in procedure.contract.steps]
    shown = [head.decode(errors="ignore").casefold() for head in heads]
    return (first, *(word for word in others if any(word in head for head in shown)))


@lru_cache(maxsize=1)
def sent_to() -> str:
    """Return the pattern of the words that send a reader to a step, such as "return to", up to the step."""
    return rf"\b(?:{any_of(spoken()['flow']['jumps'])})\s*:?\s+"


@lru_cache(maxsize=64)
def _own_list(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\W*(?:{any_of(words)})\s+(\d+)\s*(?:[:.)–—-]|$)", re.IGNORECASE)


def find_lost(scope: Scope, procedure: Procedure, steps: Sequence[Step]) -> Iterator[tuple[int, str]]:
    """Yield where the text refers to a step that does not exist, with what is wrong; none if a step has no number."""
    numbers = frozenset(step.number for step in steps if step.number is not None)
    if any(step.number is None for step in steps):
        return
    words = step_words(procedure)
    text = _StepText(scope, procedure, sorted(steps, key=lambda step: step.start), numbers, words)
    prose = read_prose(procedure.document)
    for passage in prose.around(_mentions(prose.text, words)):
        if not passage.heading:
            yield from text.read(passage)


@dataclass
class _StepText:
    """The text of a procedure, with its steps in order, their numbers, and what they are called."""

    scope: Scope
    procedure: Procedure
    steps: Sequence[Step]
    numbers: frozenset[int]
    words: tuple[str, ...]

    def read(self, passage: PlainText) -> Iterator[tuple[int, str]]:
        """Yield what is wrong in a passage."""
        matches = mention_pattern(self.words).finditer(passage.text)
        named = chain.from_iterable(zip(repeat(match), _named(passage.text, match)) for match in matches)
        targets = [(match, lost) for match, lost in named if lost not in self.numbers]
        if not targets:
            return
        at = passage.runs[0].start
        step = self._step_at(at)
        if step is not None and self._part_at(step, at) in meaning_of(self.procedure.template).parts["inputs"]:
            return
        for match, lost in targets:
            if self._of_another(passage, match.start()) or (step is None and not self._is_ours(passage, match, lost)):
                continue
            message = f"there is no {match['word']} {lost}"
            if step is not None:
                message = f"step {step_name(step)} refers to {match['word']} {lost}, which does not exist"
            yield passage.offset(match.start()), message

    def _step_at(self, at: int) -> Step | None:
        place = bisect_right(self._starts, at) - 1
        return self.steps[place] if place >= 0 and at < self._ends[place] else None

    @cached_property
    def _starts(self) -> list[int]:
        return [step.start for step in self.steps]

    @cached_property
    def _ends(self) -> list[int]:
        """Return where each step ends: at the next step; the last one with its section."""
        last, document = self.steps[-1], self.procedure.document
        section = document.section_at(last.start)
        end = document.end(section) if section.start == last.start else section.end
        return [*self._starts[1:], end]

    def _part_at(self, step: Step, start: int) -> str:
        line = self.procedure.document.source.line(start)
        before = [(part.line, key) for key, part in step.parts.items() if part.line <= line]
        return max(before)[1] if before else ""

    def _of_another(self, passage: PlainText, place: int) -> bool:
        """Say whether a step of another document is meant: its name or a link to it is right before."""
        before = passage.text[max(0, place - 80) : place]
        name = None if _sent(before) else _NAME.search(before)
        if name and title_key(name[1]) != self.procedure.key:
            return True
        if re.search(r"\w", before):
            return re.search(rf"{_documents()}\W{{0,3}}(?:s\s+)?$", before) is not None
        start = passage.runs[0].start
        return self.scope.link_ends(self.procedure, start - 2, start)

    # Outside of the steps

    def _is_ours(self, passage: PlainText, match: re.Match[str], number: int) -> bool:
        """Say whether a reference outside of the steps means one of them for certain."""
        if match["word"].casefold() == "phase" and not _sent(passage.text[: match.start()][-80:]):
            return False
        at = passage.offset(match.start())
        start, end = self.scope.paragraph(self.procedure, at)
        start, end = max(start, at - _AROUND), min(end, at + _AROUND)
        if number in self._elsewhere or self.scope.links_out(self.procedure, start, end):
            return False
        around = self.procedure.source.raw[start:end].decode(errors="replace")
        # Outside of the workflow more is spoken of than its steps.
        return not re.search(rf"{_documents('others')}\b", around.replace(self.procedure.title, ""))

    @cached_property
    def _elsewhere(self) -> frozenset[int]:
        """The numbers of what else is called a step in this document: of an example, or in a table."""
        prose = read_prose(self.procedure.document)
        words = meaning_of(self.procedure.template).steps
        passages = prose.around(_mentions(prose.text, words))
        matches = (_own_list(words).match(p.text) for p in passages)
        return frozenset(int(match[1][:_DIGITS]) for match in matches if match)


@lru_cache(maxsize=2)
def _documents(*more: str) -> str:
    """Return the pattern of the words for documents, and for more that has steps of its own."""
    names = spoken()["names"]
    return rf"\b(?:{any_of(chain.from_iterable(names[key] for key in ('documents', *more)))})"


def _sent(before: str) -> bool:
    return re.search(f"{sent_to()}$", before, re.IGNORECASE) is not None


def _named(text: str, match: re.Match[str]) -> Iterator[int]:
    """Yield the numbers of the steps that a match names, none where they belong to something else."""
    end = match.end("more") if match["plural"] else match.end("first")
    if not foreign_pattern().match(text, end):
        yield from numbers_in(match)


def _mentions(text: str, words: Sequence[str]) -> Iterator[int]:
    """Yield where a text holds one of some words, in any case; to look for a word is faster than for a pattern."""
    lower = text.lower()
    if len(lower) != len(text):
        pattern = any_of(words)
        yield from (match.start() for match in re.finditer(pattern, text, re.IGNORECASE))
        return
    for word in words:
        at = lower.find(word)
        while at != -1:
            yield at
            at = lower.find(word, at + 1)


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

# What a part without items can be followed by when it is empty: a heading, a rule, or the next label.
_NEXT_PART = lazy(rb"[ \t]*(?:#{1,6}[ \t]|-{3,}[ \t]*$|(?:[-*+][ \t]+)?\*\*[^*\n]+\*\*)")
# Among more names than these, none is looked for that is only like the one that was meant.
_MANY = 200


def _check_step(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    sections = procedure.template.sections if procedure.template and procedure.is_judged else ()
    spec = next((section for section in sections if section.kind == "steps"), None)
    steps = procedure.contract.steps if spec else ()
    if spec is None or not steps:
        return
    yield from _numbers(scope, procedure, steps)
    yield from chain.from_iterable(_parts(procedure, step, spec) for step in steps)
    if procedure.kind == "procedure":
        yield from _inputs(procedure)
        yield from _outputs(procedure)
        for start, message in find_lost(scope, procedure, steps):
            yield say(STEP_TARGET_MISSING, procedure, start, message)


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
            yield with_fix(finding, procedure, *_renumber(scope, procedure, steps))
            return


# Parts


def _parts(procedure: Procedure, step: Step, spec: SectionSpec) -> Iterator[Finding]:
    for part in spec.parts:
        value = _find_part(step, part)
        if value is None and not part.constraint.optional:
            message = f"step {step_name(step)} has no {part.heading!r}"
            yield say(STEP_PART_MISSING, procedure, step.start, message)
        elif value is not None and not part.constraint.optional and _is_empty(procedure, value):
            message = f"{part.heading!r} of step {step_name(step)} is empty"
            hint = f"write {part.constraint.none!r} where there is none" if part.constraint.none else ""
            yield say_line(STEP_PART_MISSING, procedure, value.line, message, hint)
        elif value is not None and _lacks_items(part, value):
            message = f"{part.heading!r} of step {step_name(step)} is none, and the template wants at least one"
            yield say_line(STEP_PART_MISSING, procedure, value.line, message)


def _lacks_items(spec: SectionSpec, part: Part) -> bool:
    return spec.constraint.minimum > 0 and spec.kind != "prose" and all(map(is_none, part.texts))


def _find_part(step: Step, spec: SectionSpec) -> Part | None:
    """Find a part by its label, which may say more: "Inputs (required)"."""
    for key in spec.keys:
        if key in step.parts:
            return step.parts[key]
        longer = next((label for label in step.parts if label.startswith(f"{key} ")), None)
        if longer is not None:
            return step.parts[longer]
    return None


def _is_empty(procedure: Procedure, part: Part) -> bool:
    """Say whether nothing follows a label. A table or a code block is something, though it has no items."""
    if part.items or part.text:
        return False
    source = procedure.document.source
    starts = [*source.line_starts[part.line :], len(source.raw)]
    lines = (source.raw[start:end] for start, end in pairwise(starts))
    after = next((line for line in lines if line.strip() and not line.lstrip().startswith(b"<!--")), b"")
    return not after or bool(_NEXT_PART.match(after))


# Artifacts


@lru_cache(maxsize=64)
def _from_step(steps: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a source that is a step, or several: ``Step 2``, ``outputs of steps 2 and 3``."""
    return mention_pattern(steps, rf"(?:(?:{any_of(spoken()['flow']['outputs'])})\s+)?")


@lru_cache(maxsize=64)
def _named_step(steps: tuple[str, ...], origins: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of an input that names its step without brackets: ``Risk List from Step 2``."""
    word, origin = map(any_of, (steps, origins))
    return re.compile(rf"^(.+?)\s+(?:{origin})\s+((?:{word})\s+\d+)\b.*$", re.IGNORECASE)


class _Flow(Struct, frozen=True):
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
    outputs = ungrouped((n, {artifact_key(a.name) for a in step.outputs}) for n, step in enumerate(contract.steps))
    made = grouped((key, place) for place, key in outputs)
    places = grouped((str(step.number or place + 1), place) for place, step in enumerate(contract.steps))
    required = frozenset(artifact_key(a.name) for a in contract.inputs)
    beside = _beside(procedure, places)
    return _Flow(contract.steps, meaning_of(procedure.template), step_words(procedure), required, made, places, beside)


def _beside(procedure: Procedure, places: Mapping[str, Sequence[int]]) -> dict[int, set[int]]:
    """Return which steps run beside which others: one that says so of another says it of both."""
    beside: dict[int, set[int]] = defaultdict(set)
    for place, step in enumerate(procedure.contract.steps):
        part = part_of(step, procedure.template, "beside")
        numbers = re.findall(r"\d+", part.text) if part else ()
        for other in chain.from_iterable(places.get(number, ()) for number in numbers):
            beside[place].add(other)
            beside[other].add(place)
    return beside


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
    """Return what is wrong with an input, or nothing. Other sources than steps and inputs are outside."""
    name, source = _split(wanted, flow.meaning)
    key, step = artifact_key(name), step_name(flow.steps[place])
    origin = _from_step(flow.meaning.steps).match(source)
    if origin:
        if origin["word"].casefold() not in flow.words:
            return ""
        named = mention_pattern(flow.meaning.steps).finditer(source, origin.start("word"))
        numbers = [str(n) for n in chain.from_iterable(numbers_in(each, certain=False) for each in named)]
        if any(flow.has_before(place, key, number) for number in numbers):
            return ""
        where = f"{origin['word']} {' and '.join(numbers)}"
        return f"step {step} uses {name!r} from {where}, which does not make it before"
    if flow.meaning.names_inputs(source):
        return "" if key in flow.required else f"step {step} uses {name!r}, which is no required input"
    if source or is_optional(wanted) or key in flow.required or flow.has_before(place, key):
        return ""
    return f"step {step} uses {name!r}, which neither an earlier step nor a required input gives"


def _maker(flow: _Flow, wanted: Artifact) -> str:
    """Say where an artifact does come from, if from one place; else which name is like it."""
    key = artifact_key(_split(wanted, flow.meaning)[0])
    makers = [f"step {step_name(flow.steps[place])} makes it" for place in flow.made.get(key, ())]
    if key in flow.required:
        makers.append("it is a required input")
    if len(makers) == 1:
        return makers[0]
    close = [] if makers else get_close_matches(key, [*flow.required, *flow.made][:_MANY], n=2, cutoff=0.8)
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


# Fixes


_NUMBER = lazy(rb"\d+")


def _renumber(scope: Scope, procedure: Procedure, steps: Sequence[Step]) -> Iterator[Replacement]:
    """Number steps again where nothing refers to those that change; steps out of order are left to a person."""
    numbers = [step.number for step in steps if step.number is not None]
    first = min(1, numbers[0])
    wrong = [
        n
        for n, (number, place) in enumerate(zip(numbers, range(first, first + len(steps)), strict=True))
        if number != place
    ]
    if numbers != sorted(numbers) or _is_referred(scope, procedure, steps, min(first + wrong[0], numbers[wrong[0]])):
        return
    raw = procedure.source.raw
    for place in wrong:
        digits = _NUMBER.search(raw, steps[place].start)
        if digits is None or int(digits[0][:_DIGITS]) != numbers[place]:
            return
    for place in wrong:
        digits = _NUMBER.search(raw, steps[place].start)
        assert digits is not None
        yield Replacement(digits.start(), digits.end(), str(first + place))


def _is_referred(scope: Scope, procedure: Procedure, steps: Sequence[Step], first: int) -> bool:
    """Say whether a text may mean one of the steps from a number on: in the document, or next to a link to it."""
    starts = {step.start for step in steps}
    slugs = {h.slug for h in procedure.headings if h.start in starts}
    pattern = mention_pattern(step_words(procedure))
    if _mentions_step(pattern, procedure.source.raw, first, starts):
        return True
    for other in scope.linking_to(procedure.path):
        for link, target in scope.links[other.path]:
            if target.path != procedure.path:
                continue
            raw = other.source.raw
            line = raw[raw.rfind(b"\n", 0, link.start) + 1 : raw.find(b"\n", link.end)]
            if target.anchor in slugs or (other is not procedure and _mentions_step(pattern, line, first, ())):
                return True
    return False


def _mentions_step(pattern: re.Pattern[str], raw: bytes, first: int, starts: set[int] | tuple[()]) -> bool:
    """Say whether a step of that number or a later one is named, but for the lines that are steps themselves."""
    text = raw.decode(errors="replace")
    places = (m.start() for m in pattern.finditer(text) if max(numbers_in(m, certain=False)) >= first)
    return any(line_start(raw, place) not in starts for place in byte_offsets(text, places))


STEPS = Family(
    "Steps, their parts, and the flow of artifacts between them",
    (STEP_NUMBER_GAP, STEP_PART_MISSING, STEP_INPUT_WITHOUT_PRODUCER, UNUSED_OUTPUT, STEP_TARGET_MISSING),
    "document",
    _check_step,
)


EXIT_UNDEFINED = Rule(
    name="exit-undefined",
    code="W106",
    severity="warning",
    summary="A step ends in an exit state that is not defined.",
    why="A reader who gets there does not know what happens next, or who is told.",
    fix="Name a state that is defined, or define this one among the exit states.",
    example="“end with the exit state Put Aside”, which the exit states do not hold",
)
EXIT_UNREACHED = Rule(
    name="exit-unreached",
    code="W107",
    severity="info",
    summary="No step ends in an exit state, where steps name most of the others.",
    why="Either the state is not needed, or a step does not say how the work ends.",
    fix="Name it in the decision or failure that leads to it, or take it out.",
    example="- **Lost**: the parcel is missing, where no step names Lost",
)
JUMP_SKIPS_OUTPUT = Rule(
    name="jump-skips-output",
    code="W108",
    severity="info",
    summary="A decision jumps over a step that makes something which is needed behind it.",
    why="After the jump a step has to work with something that no step has made.",
    fix="Go on with an earlier step, or say in the input in which case it is needed.",
    example="“continue with Step 9” in Step 1, where Step 9 uses an output of Step 3",
)
_EXIT_NAME = lazy(r"[\"“„«'*_`\[]*([^\W\d_][\w-]*(?: [\w-]+){0,4})")
_WITH_ENDS = ("decisions", "failures")


def _check_flow(_: Scope, procedure: Procedure) -> Iterator[Finding]:
    if procedure.is_judged and procedure.kind == "procedure" and procedure.contract.steps:
        yield from _exits(procedure)
        yield from _jumps(procedure)


# Exit states


@lru_cache(maxsize=2)
def _cue(*, ends: bool) -> re.Pattern[str]:
    """Return the pattern of the words before the name of an exit state; ``ends``: in decisions and failures too."""
    flow = spoken()["flow"]
    known = (*flow["exits"], *(flow["ends"] if ends else ()))
    return re.compile(rf"\b(?:{any_of(known)})\s+", re.IGNORECASE)


def _exits(procedure: Procedure) -> Iterator[Finding]:
    defined = {artifact.name.casefold(): artifact for artifact in procedure.contract.exits}
    if not defined:
        return
    told: list[str] = []
    for step in procedure.contract.steps:
        ways = [part_of(step, procedure.template, role) for role in _WITH_ENDS]
        for part in step.parts.values():
            told += part.texts
            for name, rest in _named_exits(part, _cue(ends=part in ways)):
                if not rest.casefold().startswith(tuple(defined)):
                    message = f"step {step_name(step)} ends in {name!r}, which is no exit state"
                    hint = "the exit states are " + ", ".join(a.name for a in procedure.contract.exits)
                    yield say_line(EXIT_UNDEFINED, procedure, _line(procedure, part, name), message, hint)
    # As it is written: "Done" is a state, and "cannot be done" is none.
    said = " ".join(told)
    reached = {key for key, each in defined.items() if each.name in said and _is_said(each.name, said)}
    # The first is the success, which is reached by going on to the end. Elsewhere states say in their meaning when the
    # work ends so, and no step names them: one is missing where steps name at least half of the others only.
    others = list(defined)[1:]
    missing = [name for name in others if name not in reached]
    for name in missing if len(missing) * 2 <= len(others) else ():
        artifact = defined[name]
        yield say(EXIT_UNREACHED, procedure, artifact.start, f"no step ends in {artifact.name!r}")


def _is_said(name: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _line(procedure: Procedure, part: Part, words_in_it: str) -> int:
    """Return the line of a part that holds some words; its first line where a line break parts them."""
    source = procedure.document.source
    at = source.raw.find(words_in_it.encode(), source.line_starts[part.line - 1])
    return source.line(at) if at >= 0 else part.line


def _named_exits(part: Part, cue: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield what a part names as an exit state with some words behind it, and all that follows, as a name may go on."""
    for text in part.texts:
        for lead in cue.finditer(text):
            name = _EXIT_NAME.match(text, lead.end())
            if name and name[1][0].isupper():
                yield name[1], text[name.start(1) :]


# Jumps


def _jumps(procedure: Procedure) -> Iterator[Finding]:
    steps = procedure.contract.steps
    if any(step.number is None for step in steps):
        return
    made = [{artifact_key(output.name) for output in step.outputs} for step in steps]
    places = {step.number: place for place, step in enumerate(steps)}
    called = any_of(step_words(procedure))
    target = re.compile(rf"{sent_to()}((?:{called})\s+(\d{{1,6}}))\b", re.IGNORECASE)
    beside = _beside(procedure, {str(step.number): (place,) for place, step in enumerate(steps)})
    for place, step in enumerate(steps):
        decisions = part_of(step, procedure.template, "decisions")
        for text in decisions.texts if decisions else ():
            for jump, number in target.findall(text):
                to = places.get(int(number), -1)
                # What runs beside the target is done as well.
                skipped = [between for between in range(place + 1, to) if between not in beside.get(to, ())]
                lost = _lost(steps, made, skipped, to)
                if decisions and lost:
                    name, over = next(iter(lost.items()))
                    message = f"step {step_name(step)} jumps to step {number}, over step {over}, which makes {name!r}"
                    yield say_line(JUMP_SKIPS_OUTPUT, procedure, _line(procedure, decisions, jump), message)


def _lost(steps: tuple[Step, ...], made: list[set[str]], skipped: Sequence[int], to: int) -> Mapping[str, str]:
    """Return what steps behind a jump need that only skipped steps make, with the step that makes it."""
    lost: dict[str, str] = {}
    kept = set().union(*(outputs for place, outputs in enumerate(made[:to]) if place not in skipped))
    for step, outputs in zip(steps[to:], made[to:], strict=True):
        for wanted in step.inputs:
            key = artifact_key(wanted.name)
            makers = [place for place in skipped if key in made[place]]
            if makers and key not in kept and not wanted.condition and not is_optional(wanted):
                lost[wanted.name] = step_name(steps[makers[0]])
        kept |= outputs
    return lost


FLOW = Family(
    "Where the steps lead: exit states, and jumps over what is needed later",
    (EXIT_UNDEFINED, EXIT_UNREACHED, JUMP_SKIPS_OUTPUT),
    "document",
    _check_flow,
)
