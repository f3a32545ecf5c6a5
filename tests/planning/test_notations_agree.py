"""The same plan in five notations is read as the same items."""

import random
from dataclasses import dataclass

import pytest

from procauthor.naming import title_key
from procauthor.planning.read import read_plan

WORDS = [
    "Data",
    "Design",
    "Threat",
    "Model",
    "Access",
    "Review",
    "Merge",
    "Rollout",
    "Release",
    "Notes",
    "Flag",
    "Audit",
    "Cache",
    "OAuth2",
    "CI",
    "PR",
    "Draft",
    "Sync",
]


@dataclass(frozen=True)
class Wanted:
    title: str
    priority: int
    needs: tuple[int, ...]
    hours: tuple[float, float]
    done: bool


def make(dice: random.Random) -> list[Wanted]:
    found: list[Wanted] = []
    keys: set[str] = set()
    for priority in sorted(dice.randint(0, 3) for _ in range(dice.randint(2, 9))):
        while True:
            words = [dice.choice(WORDS) for _ in range(dice.randint(1, 3))]
            title = dice.choice([" ", " & ", "/", " and "] if len(words) == 2 else [" "]).join(words) + " Procedure"
            if title_key(title) not in keys:
                break
        keys.add(title_key(title))
        needs = tuple(dice.sample(range(len(found)), min(len(found), dice.choice([0, 0, 1, 2, 3]))))
        low = dice.choice([0.5, 1, 2, 3])
        found.append(Wanted(title, priority, needs, (low, low + dice.choice([0, 1, 2])), dice.random() < 0.2))
    return found


def hours(item: Wanted, dice: random.Random) -> str:
    low, high = item.hours
    unit = dice.choice([" hours", "h", " hrs"])
    return f"{low:g}{unit}" if low == high else f"{low:g}{dice.choice(['-', '–', ' to '])}{high:g}{unit}"


def needs(item: Wanted, plan: list[Wanted], dice: random.Random) -> str:
    if not item.needs:
        return dice.choice(["None", "—", "N/A"])
    form = dice.choice(["{title}", "#{number}", "Item {number}"])
    names = [form.format(title=plan[n].title, number=n + 1) for n in item.needs]
    if len(names) > 1 and dice.random() < 0.5:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return dice.choice([", ", "; "]).join(names)


def entry(notation: str, number: int, item: Wanted, plan: list[Wanted], dice: random.Random) -> str:
    effort, wanted, box = hours(item, dice), needs(item, plan, dice), "x" if item.done else " "
    match notation:
        case "table":
            return f"| {number} | {item.title} | P{item.priority} | {wanted} | {effort} | [{box}] |\n"
        case "headings":
            sign = " ✅" if item.done else ""
            return f"### {number}. Define {item.title}{sign}\n**Dependencies:** {wanted}\n**Effort:** {effort}\n\n"
        case "codes":
            sign = " ✅" if item.done else ""
            codes = ", ".join(f"T{n + 1}" for n in item.needs) or "None"
            return f"### T{number}: {item.title}{sign}\nDependencies: {codes}\nEffort: {effort}\n\n"
        case "boxes":
            below = f" — depends on {wanted}" if item.needs and dice.random() < 0.5 else f"\n  - Depends on: {wanted}"
            return f"- [{box}] {item.title} ({effort}){below}\n"
        case _:
            sign = "✅ " if item.done else ""
            return f"{number}. {sign}**{item.title}** – {effort}\n   - Depends on: {wanted}\n"


def write(notation: str, plan: list[Wanted], dice: random.Random) -> str:
    head = "| # | Procedure | Priority | Dependencies | Effort | Done |\n|---|---|---|---|---|---|\n"
    parts, last = ["# Plan\n\n" + (head if notation == "table" else "")], -1
    labelled = notation in ("boxes", "numbers") and dice.random() < 0.5
    for number, item in enumerate(plan, 1):
        if item.priority != last and notation != "table":
            name = dice.choice([f"P{item.priority}", f"P{item.priority} - Words", f"Priority {item.priority}"])
            parts.append(f"\n**{name}**\n\n" if labelled else f"\n## {name}\n\n")
        last = item.priority
        parts.append(entry(notation, number, item, plan, dice))
    return "".join(parts)


@pytest.mark.parametrize("notation", ["headings", "table", "boxes", "numbers", "codes"])
def test_no_item_is_lost_and_no_dependency_is_wrong(notation: str) -> None:
    for seed in range(60):
        dice = random.Random(f"{notation} {seed}")
        plan = make(dice)
        text = write(notation, plan, dice)
        found = [
            (
                item.title,
                item.priority,
                (item.effort_hours.min, item.effort_hours.max) if item.effort_hours else None,
                item.done,
                {need.title for need in item.depends_on},
            )
            for item in read_plan(text.encode()).items
        ]
        wanted = [(i.title, f"P{i.priority}", i.hours, i.done, {plan[n].title for n in i.needs}) for i in plan]
        assert found == wanted, text
