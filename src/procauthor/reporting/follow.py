"""A procedure that is followed, as lines for a person and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Any

from procauthor.data import pick
from procauthor.library.artifact import Stage
from procauthor.naming import amount
from procauthor.review.follow import Walk


def opening_lines(walk: Walk) -> Iterator[str]:
    """Yield what is followed, by whom, and how far it is."""
    following, total = walk.following, len(walk.stages)
    word = "goes on" if walk.resumed else "begins"
    occasion = f" ({following.occasion})" if following.occasion else ""
    recorded = f"{len(following.steps)} of {amount(total, 'step')} recorded"
    yield f"{walk.procedure.title}{occasion}: {following.by} {word}, {recorded}"
    if walk.changed:
        yield "the document was edited since this record began; its steps may be others"


def stage_lines(stage: Stage, total: int) -> Iterator[str]:
    """Yield a step for the reader who works through it."""
    yield ""
    yield f"Step {stage.number} of {total}: {stage.name}"
    if stage.purpose:
        yield f"  {stage.purpose}"
    told = [f"{number}. {action}" for number, action in enumerate(stage.actions, start=1)]
    for name, said in (("decide", stage.decisions), ("makes", stage.outputs), ("if it fails", stage.failures)):
        told += [f"{name}: {text}" for text in said]
    for text in told:
        words, *below = text.split("\n")
        yield f"  {words}"
        yield from (f"     {line}".rstrip() for line in below)


def closing_lines(walk: Walk) -> Iterator[str]:
    """Yield how it ended, and what a failed step asks for."""
    following = walk.following
    counts = {
        result: sum(step.result == result for step in following.steps) for result in ("done", "failed", "skipped")
    }
    told = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
    word = "ended" if following.ended else "kept"
    if following.stopped:
        word = "stopped"
    yield f"record {following.id} of {walk.procedure.title} {word}: {told or 'nothing recorded'}"
    if following.ended and not following.stopped:
        yield from (f"  to confirm: {text}" for text in walk.closing)
    yield from (
        f"  ask for a change: procauthor update {quote(walk.procedure.path)} {quote(wish)}" for wish in walk.wishes
    )


def walk_json(walk: Walk) -> dict[str, Any]:
    """Return the documented JSON object; times are ISO 8601 in UTC."""
    following, stage = walk.following, walk.next
    return {
        "record": following.id,
        **pick(walk.procedure, "path", "title"),
        **pick(following, "by", "occasion", "began", "ended", "stopped"),
        "document_changed": walk.changed,
        "total_steps": len(walk.stages),
        "steps": [pick(step, "number", "name", "result", "at", "evidence", "deviation") for step in following.steps],
        "next_step": pick(stage, *Stage.__struct_fields__) if stage else None,
        **pick(walk, "closing", "wishes"),
    }
