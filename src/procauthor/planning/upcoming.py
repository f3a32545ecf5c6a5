"""What fits into the next session, and what it brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from procauthor.evaluation.value import Evaluation, Share
from procauthor.naming import title_key
from procauthor.planning.plan import Plan, PlanItem
from procauthor.planning.session import Fit, fit


@dataclass(frozen=True, slots=True)
class Session:
    """What fits into some hours, and what completion it brings: of the library, and of the lifecycles that gain."""

    hours: float
    items: tuple[PlanItem, ...]
    fit: Fit
    now: Share
    then: Share
    lifecycles: tuple[tuple[str, Share, Share], ...]


def plan_session(plan: Plan, evaluation: Evaluation, hours: float) -> Session:
    """Choose what to do next; only what the evaluation counts as unfinished brings completion."""
    found = fit(plan.items, plan.order, hours)
    by_number = {item.number: item for item in plan.items}
    items = tuple(by_number[number] for number in found.chosen)
    homes = _homes(evaluation, items)
    gains = []
    for each in evaluation.lifecycles:
        more = homes.count(title_key(each.name))
        now = each.tally.completion
        if more:
            gains.append((each.name, now, Share(now.part + more, now.whole)))
    now = evaluation.total.completion
    return Session(hours, items, found, now, Share(now.part + len(homes), now.whole), tuple(gains))


def _homes(evaluation: Evaluation, items: Sequence[PlanItem]) -> list[str]:
    """Return the lifecycle of every item that names an unfinished row, each row once."""
    open_rows = {title_key(row.title): title_key(row.lifecycle) for row in evaluation.rows if not row.done}
    return [open_rows[key] for key in dict.fromkeys(title_key(item.title) for item in items) if key in open_rows]
