"""The parts of an action plan, as values. Lines count from 1, positions are byte offsets into the file."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from procauthor.data import pick
from procauthor.procedure import Status

Priority = Literal["P0", "P1", "P2", "P3"]
PRIORITIES: tuple[Priority, ...] = ("P0", "P1", "P2", "P3")
_ITEM = ("number", "code", "title", "priority", "lifecycle", "phase", "status", "blocks", "why", "done", "line")
_LISTS = {
    "groups": ("name", "count", "priority", "line"),
    "problems": ("kind", "message", "line", "item"),
    "metrics": ("group", "text", "name", "target", "base", "unit"),
    "goals": ("text", "title", "done", "item"),
    "completed": ("text", "title", "done", "item"),
    "unread": ("line", "text"),
}
# Ends a reason that was computed when a plan was written.
COMPUTED = "(computed)"
State = Literal[Status, "to be defined", "vague", "soft", "unknown"]


class Tick(Struct, frozen=True):
    """The bytes ``was`` that have to become ``text`` for a line to count as done."""

    start: int
    end: int
    was: bytes
    text: str


class Effort(Struct, frozen=True):
    """A range of hours."""

    min: float
    max: float


class Action(Struct, frozen=True):
    """One action item; ``marker`` is the offset of the letter between the brackets, None without brackets."""

    text: str
    done: bool
    marker: int | None
    line: int
    tick: Tick | None = None


class Dependency(Struct, frozen=True):
    """A procedure that has to be there first; a soft one (``hard`` is false) may come later."""

    title: str
    state: State
    hard: bool = True
    line: int = 0


class PlanItem(Struct, frozen=True):
    """One thing to write.

    ``number`` is unique within the plan; ``code`` is what the plan itself calls the item where that is no whole number,
    such as "1.2", "T001" or "RB-1". ``asks`` says whether it asks for the document to be there, and nothing else: only
    then does a finished document make it done; ``said`` is what its line says. ``soft_blocks`` are those of ``blocks``
    that can go on without it, ``vague_blocks`` those that name no one procedure. ``ticks`` are the open boxes and signs
    of the item itself; its action items are ticked by people. ``groups`` are the keys of the phases, weeks or groups
    that it is in. ``computed`` says that ``why`` is not from the plan: it says why the item is urgent, and nothing of
    the procedure.
    """

    number: int
    title: str
    priority: Priority
    lifecycle: str = ""
    phase: str | int | None = None
    status: str = "unknown"
    depends_on: tuple[Dependency, ...] = ()
    blocks: tuple[str, ...] = ()
    effort_hours: Effort | None = None
    actions: tuple[Action, ...] = ()
    why: str = ""
    done: bool = False
    line: int = 0
    soft_blocks: tuple[str, ...] = ()
    vague_blocks: tuple[str, ...] = ()
    ticks: tuple[Tick, ...] = ()
    code: str = ""
    asks: bool = True
    groups: tuple[str, ...] = ()
    computed: bool = False
    said: str = ""


class Unread(Struct, frozen=True):
    """A line that looks like an item or a field of one, and was not read."""

    line: int
    text: str


class Group(Struct, frozen=True):
    """A line such as "Release Lifecycle (10 procedures)": work that has no items yet."""

    name: str
    count: int
    priority: Priority
    line: int


class Problem(Struct, frozen=True):
    """What the plan leaves open or contradicts; ``item`` is a number.

    Kinds are "unresolved", "vague", "cycle", "total", "count", "range", "duplicate", "priority", "stale", "blocked",
    "skipped" and "effort".
    """

    kind: str
    message: str
    line: int
    item: int | None = None


class Metric(Struct, frozen=True):
    """A line under the success metrics: "Overall: 25% (up from 13.8%)" has the target 25 and the base 13.8."""

    text: str
    group: str
    name: str
    target: float | None
    base: float | None
    unit: str
    line: int


class Goal(Struct, frozen=True):
    """A line of a session's goals, or of what a session completed; ``title`` is the procedure that it names.

    ``ticks`` and ``asks`` are those of an item.
    """

    text: str
    title: str
    done: bool
    line: int
    item: int | None = None
    ticks: tuple[Tick, ...] = ()
    asks: bool = True


class Total(Struct, frozen=True):
    """The effort of one priority, as stated and as summed over its items; the key "all" means the whole plan."""

    key: str
    stated: Effort | None
    computed: Effort | None
    items: int
    line: int = 0


class Plan(Struct, frozen=True):
    """An action plan. ``order`` and ``next`` hold item numbers."""

    title: str
    items: tuple[PlanItem, ...]
    groups: tuple[Group, ...] = ()
    problems: tuple[Problem, ...] = ()
    order: tuple[int, ...] = ()
    next: tuple[int, ...] = ()
    totals: tuple[Total, ...] = ()
    metrics: tuple[Metric, ...] = ()
    goals: tuple[Goal, ...] = ()
    completed: tuple[Goal, ...] = ()
    unread: tuple[Unread, ...] = ()


def plan_json(plan: Plan) -> dict[str, object]:
    """Return the plan as a JSON object; whole numbers come out as integers."""
    return {
        "schema_version": 1,
        **pick(plan, "title", "order", "next"),
        "items": [_item(item) for item in plan.items],
        **{key: [_plain(pick(each, *names)) for each in getattr(plan, key)] for key, names in _LISTS.items()},
        "totals": {each.key: _plain(pick(each, "stated", "computed", "items")) for each in plan.totals},
    }


def _item(item: PlanItem) -> dict[str, object]:
    return {
        **pick(item, *_ITEM),
        "depends_on": [pick(each, "title", "state", "hard") for each in item.depends_on],
        "effort_hours": _plain(item.effort_hours),
        "actions": [pick(action, "text", "done") for action in item.actions],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Effort):
        return _plain(pick(value, "min", "max"))
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
