"""A proposed plan as a Markdown document in the shape that `read_plan` reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence

from procauthor.errors import NoPlanError, PlanError
from procauthor.evaluation.method import percent
from procauthor.naming import amount, title_key
from procauthor.planning.plan import COMPUTED, PRIORITIES, Dependency, Effort, Group, PlanItem, Priority
from procauthor.planning.propose import Proposal
from procauthor.planning.read import read_plan
from procauthor.planning.value import hours_text
from procauthor.regex import lazy

# What each priority is called, and its heading.
_PARTS: dict[Priority, tuple[str, str]] = {
    "P0": ("Critical", "Immediate Actions (P0 Critical)"),
    "P1": ("High", "Short-Term Actions (P1 High)"),
    "P2": ("Medium", "Medium-Term Actions (P2 Medium)"),
    "P3": ("Low", "Long-Term Actions (P3 Low)"),
}
# What each status is called, and what is to be done.
_STATUS = {
    "placeholder": ("Placeholder exists", "Define"),
    "missing": ("Missing (not created)", "Define"),
    "proposed": ("Proposed", "Complete"),
    "in progress": ("In progress", "Complete"),
}
_STAMP = lazy(rb"^written_by: procauthor ([0-9a-f]{16})\r?$", re.MULTILINE)
_SESSION = 3
_RULE = ("", "---", "")


def write_plan(proposal: Proposal) -> bytes:
    """Return the document.

    Raises:
        PlanError: There is nothing to plan, or read back it would not be the same plan: a title cannot be in one.
    """
    if not proposal.plan.items:
        message = "nothing is left to define, so there is nothing to plan"
        raise NoPlanError(message, 'draft something new with: procauthor create "..." --lifecycle NAME')
    raw = _render(proposal)
    different = _different(proposal, raw)
    if different is not None:
        message = f"a plan cannot hold {', '.join(map(repr, different[:3])) or 'the order of its items'}"
        raise PlanError(message, "give these procedures plain titles that nothing else has")
    return raw


def leave_out(proposal: Proposal) -> Proposal:
    """Leave out the items that would not be read back as they are; the others do not suffer for an odd title."""
    while proposal.plan.items and (different := _different(proposal, _render(proposal))):
        proposal = proposal.without(different)
    return proposal


def is_untouched(raw: bytes) -> bool:
    """Say whether a plan is still as `write_plan` left it, so that no words of a person are lost with it."""
    match = _STAMP.search(raw[:200])
    _, _, body = raw.partition(b"\n---\n\n")
    return bool(match and match[1].decode() == _digest(body))


def _render(proposal: Proposal) -> bytes:
    body = ("\n".join(_lines(proposal)) + "\n").encode()
    return b"---\nwritten_by: procauthor " + _digest(body).encode() + b"\n---\n\n" + body


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _different(proposal: Proposal, raw: bytes) -> list[str] | None:
    """Return the titles of the items that read back otherwise; none if only the order does, None if nothing does."""
    known = {title_key(row.title): row.status for row in proposal.evaluation.rows if row.path}
    try:
        back = read_plan(raw, known=known)
    except PlanError:
        return [item.title for item in proposal.plan.items]
    read = {_shape(item) for item in back.items}
    different = [item.title for item in proposal.plan.items if _shape(item) not in read]
    same = len(back.items) == len(proposal.plan.items) and back.order == proposal.plan.order
    return None if same and not different else different


def _shape(item: PlanItem) -> tuple[object, ...]:
    needs = frozenset((title_key(d.title), d.hard) for d in item.depends_on)
    return item.number, title_key(item.title), item.priority, needs, item.effort_hours, len(item.actions)


def _lines(proposal: Proposal) -> Iterator[str]:
    plan, measured, done = proposal.plan, proposal.evaluation.measured, proposal.evaluation.total.completion
    revision = f" at {measured.revision}" if measured.revision else ""
    yield from (f"# {plan.title}", "", f"**Date:** {measured.date}  ")
    yield f"**Based on:** the gaps of the library on {measured.date}{revision}  "
    yield from ("**Status:** Active", *_RULE, "## Overview", "")
    yield (
        f"Defined: {done.part} of {amount(done.whole, 'procedure')} ({percent(done.ratio)}). The items are ordered by "
        "what waits for them; each says why it is there, and is done once the check finds no error in its document. "
        "Priorities, order, hours and targets are computed from the library."
    )
    paths = {title_key(row.title): row.path for row in proposal.evaluation.rows if row.path}
    for priority in PRIORITIES:
        items = [item for item in plan.items if item.priority == priority]
        groups = [group for group in plan.groups if group.priority == priority]
        if items or groups:
            yield from _part(priority, items, groups, paths)
    if proposal.left_out:
        yield from ("", "## Not in This Plan", "", *(f"> {text}" for text in proposal.left_out))
    if plan.problems:
        yield from ("", "## Circles", "", *(f"> {problem.message}" for problem in plan.problems))
    yield from _metrics(proposal)
    yield from (*_RULE, "## Tracking", "", "### Next Session Goals", "")
    yield from (f"- [ ] {item.title} - {_STATUS[item.status][1]}" for item in plan.items[:_SESSION])


def _part(
    priority: Priority, items: Sequence[PlanItem], groups: Sequence[Group], paths: Mapping[str, str]
) -> Iterator[str]:
    name, heading = _PARTS[priority]
    yield from (*_RULE, f"## {heading}")
    for item in items:
        phase = f" - Phase {item.phase}" if item.phase is not None else ""
        yield from (
            "",
            f"### {item.number}. {_STATUS[item.status][1]} {item.title}",
            "",
            f"**Priority:** {priority} - {name}  ",
        )
        yield from (f"**Lifecycle:** {item.lifecycle} Lifecycle{phase}  ",) if item.lifecycle else ()
        yield f"**Status:** {_STATUS[item.status][0]}  "
        yield f"**Dependencies:** {', '.join(map(_need, item.depends_on)) or 'None'}  "
        yield f"**Blocks:** {', '.join(item.blocks) or 'None'}  "
        yield from (f"**Estimated Effort:** {_hours([item])}", "", f"**Why:** {item.why} {COMPUTED}")
        path = paths.get(title_key(item.title))
        yield from ("", f"The text is in `{path}`.") if path else ()
        yield from ("", "**Action Items:**", "", *(f"- [ ] {action.text}" for action in item.actions))
    if groups:
        yield from ("", "### Other Lifecycles", "", f"**Priority:** {priority} - {name}  ")
        yield from ("**Status:** Not yet created", "", "**Lifecycles:**", "")
        yield from (f"- {_lifecycle(g.name, 'No lifecycle')} ({amount(g.count, 'procedure')})" for g in groups)
    if items:
        yield from ("", f"**Total {priority} Effort:** {_hours(items)}")


def _lifecycle(name: str, nameless: str) -> str:
    return f"{name} Lifecycle" if name else nameless


def _need(each: Dependency) -> str:
    return f"{each.title} ({each.state})"


def _hours(items: Sequence[PlanItem]) -> str:
    known = [item.effort_hours for item in items if item.effort_hours]
    return hours_text(Effort(sum(e.min for e in known), sum(e.max for e in known)), "hour") if known else "unknown"


def _metrics(proposal: Proposal) -> Iterator[str]:
    """Yield what the plan reaches once its P0 and P1 items are done; counted, not wished for."""
    yield from (*_RULE, "## Success Metrics", "", "**Completion Goals:**", "")
    for place, gain in enumerate(proposal.gains):
        then, now = (percent(share.ratio) if share.whole else "0%" for share in (gain.then, gain.now))
        yield f"- {_lifecycle(gain.name, 'No lifecycle' if place else 'Overall')}: {then} (up from {now})"
