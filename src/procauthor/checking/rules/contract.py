"""Contracts between procedures."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.scope import Reach, Rule, Scope, say, say_line
from procauthor.checking.usage import providers
from procauthor.finding import Finding
from procauthor.library.artifact import artifact_key, is_ready, knows, promised
from procauthor.library.library import Procedure
from procauthor.procedure import Artifact, Consumer

INPUT_WITHOUT_PROVIDER = Rule(
    name="input-without-provider",
    code="C101",
    severity="error",
    summary="A required input is said to come from a procedure that does not guarantee it.",
    why="The provider may change at any time without anybody noticing that the input no longer arrives.",
    fix="Correct the provider or the artifact's name, or add the artifact to the provider's output contract.",
    example="- **Risk List** (From: Design Review Procedure), whose output contract holds no Risk List",
)
CONTRACT_NOT_RECIPROCAL = Rule(
    name="contract-not-reciprocal",
    code="C102",
    severity="warning",
    summary="One side of a contract does not know the other.",
    why="A change on one side surprises the other.",
    fix="Name the artifact in the consumer's required inputs and in the provider's downstream dependencies.",
    example="“used by Threat Model Procedure”, which does not list the artifact among its inputs",
)
OUTPUT_WITHOUT_PRODUCER = Rule(
    name="output-without-producer",
    code="C103",
    severity="warning",
    summary="The output contract promises something that no step makes.",
    why="Others rely on it, and no step makes it.",
    fix="Name the artifact among the outputs of a step, or take back the promise.",
    example="- **Risk List**: every risk has an owner, where no step lists a Risk List under “Outputs”",
)
RULES = (INPUT_WITHOUT_PROVIDER, CONTRACT_NOT_RECIPROCAL, OUTPUT_WITHOUT_PRODUCER)
REACH: Reach = "neighbours"


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.finished:
        for wanted in procedure.contract.inputs:
            yield from _input(scope, procedure, wanted)
        for consumer in procedure.contract.consumers:
            yield from _consumer(scope, procedure, consumer)
        yield from _unmade(procedure)


def _unmade(procedure: Procedure) -> Iterator[Finding]:
    """Report promises that share no word with any output: one that does may name a part of it, or sum several up."""
    steps = procedure.contract.steps
    if procedure.kind != "procedure" or not steps or not all(step.outputs for step in steps):
        return
    words = {word for step in steps for output in step.outputs for word in artifact_key(output.name).split()}
    for promise in procedure.contract.outputs:
        if words.isdisjoint(artifact_key(promise.name).split()):
            message = f"no step makes {promise.name!r}, which the output contract promises"
            yield say(OUTPUT_WITHOUT_PRODUCER, procedure, promise.start, message)


def _input(scope: Scope, procedure: Procedure, wanted: Artifact) -> Iterator[Finding]:
    """Check an input against its providers; one that is not written yet may still come to promise it."""
    found = providers(scope, procedure, wanted)
    if not found or not all(is_ready(p) and p.contract.outputs for p in found):
        return
    key = artifact_key(wanted.name)
    giving = [p for p in found if key in promised(p)]
    if not giving:
        hint = "it promises " + ", ".join(promised(found[0]).values())
        message = f"{found[0].title!r} does not promise {wanted.name!r}"
        yield say(INPUT_WITHOUT_PROVIDER, procedure, wanted.start, message, hint)
    elif procedure.kind == "procedure" and not any(knows(p, procedure, key) for p in giving):
        message = f"{giving[0].title!r} does not say that {procedure.title!r} uses {wanted.name!r}"
        yield say(CONTRACT_NOT_RECIPROCAL, procedure, wanted.start, message, f"add it to {giving[0].path}")


def _consumer(scope: Scope, procedure: Procedure, consumer: Consumer) -> Iterator[Finding]:
    other = scope.library.lead(procedure, consumer.target)
    key = artifact_key(consumer.artifact)
    if key and procedure.contract.outputs and key not in promised(procedure):
        hint = "it promises " + ", ".join(promised(procedure).values())
        message = f"{consumer.artifact!r} is used downstream, and the output contract does not promise it"
        yield say_line(CONTRACT_NOT_RECIPROCAL, procedure, consumer.line, message, hint)
        return
    if other is None or other.kind != "procedure" or not is_ready(other):
        return
    if other is not procedure and key not in {artifact_key(a.name) for a in other.contract.inputs}:
        message = f"{other.title!r} does not list {consumer.artifact!r} among its required inputs"
        yield say_line(CONTRACT_NOT_RECIPROCAL, procedure, consumer.line, message, f"add it to {other.path}")
