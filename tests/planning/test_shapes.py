"""Plans of shapes that people write besides headings with bold fields: no item is lost, and no dependency is wrong."""

import pytest

from procauthor.planning.plan import Plan
from procauthor.planning.read import read_plan
from procauthor.planning.tick import tick


def read(text: str) -> Plan:
    return read_plan(text.encode())


def told(plan: Plan) -> list[str]:
    """Say each item in one line: number, title, priority, hours, whether it is done, and what it needs."""
    found = []
    for item in plan.items:
        effort = item.effort_hours
        hours = f" {effort.min:g}-{effort.max:g}h" if effort else ""
        needs = ", ".join(f"{d.title} ({d.state}{'' if d.hard else ', soft'})" for d in item.depends_on)
        done = " done" if item.done else ""
        found.append(f"{item.number} {item.title} {item.priority}{hours}{done}{' <- ' if needs else ''}{needs}")
    return found


BOXES = """# Plan for the quarter

## P0 - Critical

- [x] Dough Procedure (2-3 hours)
  - Depends on: none
- [ ] Crust Procedure (3 hours) — depends on Dough Procedure
- [ ] **Oven** Procedure; after #2 and Flour Procedure ✅

## P1 – Important

4. [ ] [Tasting Procedure](tasting.md)
   - Requires: Dough Procedure, Crust Procedure
   - Estimated effort: 1.5 h
5. [ ] Icing Procedure
   - [x] outline

## Success metrics

- [ ] Every Procedure is defined
"""


def test_list_lines_under_a_priority_are_items():
    assert told(read(BOXES)) == [
        "1 Dough Procedure P0 2-3h done",
        "2 Crust Procedure P0 3-3h <- Dough Procedure (defined)",
        "3 Oven Procedure P0 <- Crust Procedure (to be defined), Flour Procedure (defined)",
        "4 Tasting Procedure P1 1.5-1.5h <- Dough Procedure (defined), Crust Procedure (to be defined)",
        # Its own box is empty, whatever is ticked below it.
        "5 Icing Procedure P1",
    ]


def test_ticking_such_an_item_changes_its_box_alone():
    raw = BOXES.encode()
    after = tick(raw, read_plan(raw), "Crust Procedure")
    assert after == raw.replace(b"- [ ] Crust", b"- [x] Crust")
    assert tick(raw, read_plan(raw), "Tasting Procedure") == raw.replace(b"4. [ ] [Tasting", b"4. [x] [Tasting")


def test_a_label_in_bold_gives_the_priority_of_what_follows():
    plan = read(
        "# Plan\n\n**P0**\n\n1. **Dough Procedure** – 2-3 hours\n   Depends on: nothing\n"
        "2. **Crust Procedure**\n   Depends on: Dough Procedure (soft)\n\n**P1 - later**\n\n"
        "3. **Oven Procedure** – 1-2 hours\n   Depends on: Dough Procedure and, ideally, Crust Procedure\n"
    )
    assert told(plan) == [
        "1 Dough Procedure P0 2-3h",
        "2 Crust Procedure P0 <- Dough Procedure (to be defined, soft)",
        "3 Oven Procedure P1 1-2h <- Dough Procedure (to be defined), Crust Procedure (to be defined, soft)",
    ]


@pytest.mark.parametrize(
    ("heading", "priority"),
    [("Priority 0: first", "P0"), ("Must have", "P0"), ("Should-have", "P1"), ("Could have", "P2"), ("Prio 2", "P2"),
     ("Won't have", "P3"), ("High", "P1")],
)  # fmt: skip
def test_priorities_are_read_as_people_write_them(heading: str, priority: str):
    assert told(read(f"# Plan\n\n## {heading}\n\n- Dough Procedure\n")) == [f"1 Dough Procedure {priority}"]


def test_a_code_can_stand_in_place_of_a_number():
    plan = read(
        "# Plan\n\n### P0-1: Dough Procedure\nDependencies: none\n\n### P0-2: Crust Procedure\nDependencies: P0-1\n\n"
        "### P1-1: Oven Procedure\nDependencies: P0-1, p0-2\n"
    )
    assert told(plan) == [
        "1 Dough Procedure P0",
        "2 Crust Procedure P0 <- Dough Procedure (to be defined)",
        "3 Oven Procedure P1 <- Dough Procedure (to be defined), Crust Procedure (to be defined)",
    ]


def test_what_another_procedure_has_done_is_not_done_by_the_item():
    listed = "- Dough Procedure — depends on Flour Procedure ✅\n"
    fields = "1. **Dough Procedure** — **Priority:** P0 — **Dependencies:** Flour Procedure ✅\n"
    row = "| # | Procedure | Dependencies | Done |\n|---|---|---|---|\n| 1 | Dough Procedure | Flour Procedure ✅ | [ ] |\n"
    for text in (listed, fields, row):
        plan = read(f"# Plan\n\n## P0\n\n{text}")
        assert told(plan) == ["1 Dough Procedure P0 <- Flour Procedure (defined)"]
        assert plan.items[0].status == "unknown"
    raw = f"# Plan\n\n## P0\n\n{row}".encode()
    assert tick(raw, read_plan(raw), "Dough Procedure") == raw.replace(b"[ ]", b"[x]")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Item 2 and Flour Procedure (defined)", "Crust Procedure (to be defined), Flour Procedure (defined)"),
        (
            "Flour Procedure (defined) and Salt Procedure (missing)",
            "Flour Procedure (defined), Salt Procedure (missing)",
        ),
        ("2. Crust Procedure", "Crust Procedure (to be defined)"),
        ("#2 Crust", "Crust Procedure (to be defined)"),
        ("#1 Crust", "#1 Crust (unknown)"),
        ("Flour Procedure plus ideally Salt Procedure", "Flour Procedure (unknown), Salt Procedure (soft, soft)"),
        ("Unknown Guests Procedure", "Unknown Guests Procedure (unknown)"),
        ("Search and Rescue Procedure", "Search and Rescue Procedure (unknown)"),
    ],
)
def test_names_are_taken_apart_only_where_both_parts_are_names(value: str, expected: str):
    plan = read(f"### 1. Define Dough Procedure\n**Priority:** P0\n**Dependencies:** {value}\n\n"
                "### 2. Define Crust Procedure\n**Priority:** P0\n")  # fmt: skip
    needs = ", ".join(f"{d.title} ({d.state}{'' if d.hard else ', soft'})" for d in plan.items[0].depends_on)
    assert needs == expected


@pytest.mark.parametrize(
    ("effort", "each"), [("6-9 hours total (2-3 each)", "2-3h"), ("2-3 hours each", "2-3h"), ("half a day", "1.25-1.5h"), ("a day", "2.5-2.75h")]
)  # fmt: skip
def test_the_effort_of_a_range_is_shared_or_each_as_it_says(effort: str, each: str):
    plan = read(
        "### 1-3. Define Cakes\n**Priority:** P0\n**Procedures:** Icing Procedure; Layer Procedure; Candle Procedure\n"
        f"**Effort:** {effort}\n"
    )
    low, high = (f"{getattr(bound, end):g}" for bound, end in zip(_ends(plan), ("min", "max"), strict=True))
    assert f"{low}-{high}h" == each


def _ends(plan: Plan):
    efforts = [item.effort_hours for item in plan.items]
    assert all(efforts)
    return min(efforts, key=lambda e: e.min), max(efforts, key=lambda e: e.max)


def test_what_cannot_be_read_is_said():
    odd = read("### 1. Define Dough Procedure\n**Priority:** P0\n**Effort:** a while\n")
    assert [p.message for p in odd.problems] == [
        "'Dough Procedure' states an effort that is no number of hours: 'a while'"
    ]


def test_goals_and_prose_under_a_priority_are_no_items():
    plan = read(
        "# Plan\n\n## P0\n\n### 1. Define Dough Procedure\n**Effort:** 1 h\n\n## Strategy for P0\n\n- Begin with the Oven Procedure first\n"
        "- Ask the baker who wrote the Flour Procedure\n\n## Next session\n\n- Dough Procedure\n- Salt Procedure\n"
    )
    assert [item.title for item in plan.items] == ["Dough Procedure"]
