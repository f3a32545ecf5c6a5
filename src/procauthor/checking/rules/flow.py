"""Where the steps lead: exit states, and jumps over what is needed later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from procauthor.checking.jump import sent_to, step_name, step_words
from procauthor.checking.scope import Reach, Rule, Scope, say, say_line
from procauthor.checking.usage import is_optional
from procauthor.convention.word import words
from procauthor.finding import Finding
from procauthor.library.artifact import artifact_key
from procauthor.library.contract import part_of
from procauthor.library.library import Procedure
from procauthor.procedure import Part, Step

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
    example="- **Lost**: nobody knows, where no step names Lost",
)
JUMP_SKIPS_OUTPUT = Rule(
    name="jump-skips-output",
    code="W108",
    severity="info",
    summary="A decision jumps over a step that makes something which is needed behind it.",
    why="After the jump a step has to work with something that nobody has made.",
    fix="Go on with an earlier step, or say in the input in which case it is needed.",
    example="“continue with Step 9” in Step 1, where Step 9 uses an output of Step 3",
)
RULES = (EXIT_UNDEFINED, EXIT_UNREACHED, JUMP_SKIPS_OUTPUT)
REACH: Reach = "document"
_NAME = re.compile(r"[\"“'*_`]*([A-Z][\w-]*(?: [\w-]+){0,4})")


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.finished:
        if procedure.kind == "procedure" and procedure.contract.steps:
            yield from _exits(procedure)
            yield from _jumps(procedure)


# Exit states


@lru_cache(maxsize=1)
def _cue() -> re.Pattern[str]:
    """Return the pattern of the words before the name of an exit state."""
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words()['flow']['exits']))})\s+", re.IGNORECASE)


def _exits(procedure: Procedure) -> Iterator[Finding]:
    defined = {artifact.name.casefold(): artifact for artifact in procedure.contract.exits}
    if not defined:
        return
    told: list[str] = []
    for step in procedure.contract.steps:
        for part in step.parts.values():
            told += _texts(part)
            for name in _named(part):
                if not any(name.casefold().startswith(known) for known in defined):
                    message = f"step {step_name(step)} ends in {name!r}, which is no exit state"
                    hint = "the exit states are " + ", ".join(a.name for a in procedure.contract.exits)
                    yield say_line(EXIT_UNDEFINED, procedure, _line(procedure, part, name), message, hint)
    # As it is written: "Done" is a state, and "cannot be done" is none.
    said = " ".join(told)
    reached = {name for name, artifact in defined.items() if re.search(rf"\b{re.escape(artifact.name)}\b", said)}
    # The first is the success, which is reached by going on to the end. Elsewhere states say in their meaning when the
    # work ends so, and no step names them: one is missing where steps name at least half of the others only.
    others = list(defined)[1:]
    missing = [name for name in others if name not in reached]
    for name in missing if len(missing) * 2 <= len(others) else ():
        artifact = defined[name]
        yield say(EXIT_UNREACHED, procedure, artifact.start, f"no step ends in {artifact.name!r}")


def _texts(part: Part) -> tuple[str, ...]:
    return part.items or (part.text,)


def _line(procedure: Procedure, part: Part, words_in_it: str) -> int:
    """Return the line of a part that holds some words; its first line where a line break parts them."""
    source = procedure.document.source
    at = source.raw.find(words_in_it.encode(), source.line_starts[part.line - 1])
    return source.line(at) if at >= 0 else part.line


def _named(part: Part) -> Iterator[str]:
    """Yield what a part names as an exit state, with the words behind it."""
    for text in _texts(part):
        for cue in _cue().finditer(text):
            name = _NAME.match(text, cue.end())
            if name:
                yield name[1]


# Jumps


def _jumps(procedure: Procedure) -> Iterator[Finding]:
    steps = procedure.contract.steps
    if any(step.number is None for step in steps):
        return
    made = [{artifact_key(output.name) for output in step.outputs} for step in steps]
    places = {step.number: place for place, step in enumerate(steps)}
    called = "|".join(map(re.escape, step_words(procedure)))
    target = re.compile(rf"{sent_to()}((?:{called})\s+(\d{{1,6}}))\b", re.IGNORECASE)
    for place, step in enumerate(steps):
        decisions = part_of(step, procedure.template, "decisions")
        for text in _texts(decisions) if decisions else ():
            for jump, number in target.findall(text):
                to = places.get(int(number), -1)
                lost = _lost(steps, made, range(place + 1, to), to) if to > place + 1 else {}
                if decisions and lost:
                    name, over = next(iter(lost.items()))
                    message = f"step {step_name(step)} jumps to step {number}, over step {over}, which makes {name!r}"
                    yield say_line(JUMP_SKIPS_OUTPUT, procedure, _line(procedure, decisions, jump), message)


def _lost(steps: tuple[Step, ...], made: list[set[str]], skipped: range, to: int) -> Mapping[str, str]:
    """Return what steps behind a jump need that only skipped steps make, with the step that makes it."""
    lost: dict[str, str] = {}
    kept = set().union(*made[: skipped.start])
    for step, outputs in zip(steps[to:], made[to:], strict=True):
        for wanted in step.inputs:
            key = artifact_key(wanted.name)
            makers = [place for place in skipped if key in made[place]]
            if makers and key not in kept and not wanted.condition and not is_optional(wanted):
                lost[wanted.name] = step_name(steps[makers[0]])
        kept |= outputs
    return lost
