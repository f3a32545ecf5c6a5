"""Steps, their parts, and the flow of artifacts between them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from procauthor.checking.scope import Scope, artifact_key, say, say_line
from procauthor.finding import Finding
from procauthor.library.contract import NONE_WORDS
from procauthor.library.library import Procedure
from procauthor.procedure import Artifact, Contract, Step
from procauthor.template.spec import SectionSpec

_FROM_STEP = re.compile(r"^(?:step|phase)\s*(\d+)$", re.IGNORECASE)
_FROM_INPUTS = re.compile(r"^(?:the\s+)?(?:procedure\s+)?(?:required\s+)?inputs?$", re.IGNORECASE)
_TARGET = re.compile(r"\bstep\s+(\d+)\b", re.IGNORECASE)


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.finished:
        spec = _workflow(procedure)
        steps = procedure.contract.steps
        if spec is None or not steps or procedure.kind != "procedure":
            continue
        yield from _numbers(procedure, steps)
        for step in steps:
            yield from _parts(procedure, step, spec)
        yield from _inputs(procedure)
        yield from _outputs(procedure)
        yield from _targets(procedure, steps)


def _workflow(procedure: Procedure) -> SectionSpec | None:
    sections = procedure.template.sections if procedure.template else ()
    return next((s for s in sections if s.kind == "steps"), None)


def _numbers(procedure: Procedure, steps: tuple[Step, ...]) -> Iterator[Finding]:
    if any(step.number is None for step in steps):
        return
    for expected, step in enumerate(steps, start=1):
        if step.number != expected:
            message = f"step {step.number} stands where step {expected} is expected"
            yield say("step-number-gap", procedure, step.start, message)
            return


def _parts(procedure: Procedure, step: Step, spec: SectionSpec) -> Iterator[Finding]:
    for part in spec.parts:
        found = next((step.parts[key] for key in part.keys if key in step.parts), None)
        if found is None and not part.constraint.optional:
            yield say("step-part-missing", procedure, step.start, f"step {_name(step)} has no {part.heading!r}")
        elif found is not None and not found.items and not found.text:
            yield say_line(
                "step-part-missing", procedure, found.line, f"{part.heading!r} of step {_name(step)} is empty"
            )


def _name(step: Step) -> str:
    return repr(step.name) if step.number is None else str(step.number)


def _inputs(procedure: Procedure) -> Iterator[Finding]:
    contract = procedure.contract
    made: dict[str, list[str]] = {}
    required = {artifact_key(a.name) for a in contract.inputs}
    for step in contract.steps:
        for wanted in step.inputs:
            if wanted.name.casefold() not in NONE_WORDS:
                yield from _input(procedure, step, wanted, required, made)
        made[str(step.number or len(made) + 1)] = [artifact_key(a.name) for a in step.outputs]


def _input(
    procedure: Procedure, step: Step, wanted: Artifact, required: set[str], made: dict[str, list[str]]
) -> Iterator[Finding]:
    key = artifact_key(wanted.name)
    from_step = _FROM_STEP.match(wanted.source)
    if from_step:
        if key not in made.get(from_step[1], ()):
            where = [number for number, keys in made.items() if key in keys]
            hint = f"step {where[0]} makes it" if where else ""
            message = f"step {_name(step)} uses {wanted.name!r} from step {from_step[1]}, which does not make it before"
            yield say("step-input-without-producer", procedure, wanted.start, message, hint)
    elif _FROM_INPUTS.match(wanted.source):
        if key not in required:
            message = f"step {_name(step)} uses {wanted.name!r}, which is no required input"
            yield say("step-input-without-producer", procedure, wanted.start, message)
    elif not wanted.source and key not in required and not any(key in keys for keys in made.values()):
        message = f"step {_name(step)} uses {wanted.name!r}, which neither a step before it nor a required input gives"
        yield say("step-input-without-producer", procedure, wanted.start, message)


def _outputs(procedure: Procedure) -> Iterator[Finding]:
    contract: Contract = procedure.contract
    promised = {artifact_key(a.name) for a in contract.outputs} | {artifact_key(c.artifact) for c in contract.consumers}
    for index, step in enumerate(contract.steps):
        later = {artifact_key(a.name) for s in contract.steps[index + 1 :] for a in s.inputs}
        for output in step.outputs:
            if artifact_key(output.name) not in later | promised:
                message = f"{output.name!r} of step {_name(step)} is neither used later nor promised"
                yield say("unused-output", procedure, output.start, message)


def _targets(procedure: Procedure, steps: tuple[Step, ...]) -> Iterator[Finding]:
    numbers = {step.number for step in steps}
    if None in numbers:
        return
    for step in steps:
        for key in ("actions", "decisions", "failure handling"):
            part = step.parts.get(key)
            for match in _TARGET.finditer("\n".join((*part.items, part.text))) if part else ():
                if int(match[1]) not in numbers:
                    assert part is not None
                    message = f"step {_name(step)} refers to step {match[1]}, which does not exist"
                    yield say_line("step-target-missing", procedure, part.line, message)
