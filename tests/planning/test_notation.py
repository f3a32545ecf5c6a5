"""One item in many notations: however number, title, fields, names and hours are written, the same comes out."""

import pytest

from procauthor.planning.plan import Effort, PlanItem
from procauthor.planning.read import read_plan
from procauthor.planning.value import read_effort

FLOUR = "### 2. Define Flour Procedure\n**Priority:** P1\n\n### 3. Define Salt Procedure\n**Priority:** P1\n"


def first(text: str) -> PlanItem:
    """Return item 1 of a plan that begins with a text; items 2 and 3 are flour and salt."""
    plan = read_plan(f"# Plan\n\n## P0\n\n{text}\n\n## P1\n\n{FLOUR}".encode())
    assert [item.number for item in plan.items] == [1, 2, 3]
    return plan.items[0]


@pytest.mark.parametrize(
    "head",
    ["1. {}", "1.{}", "(1) {}", "[1] {}", "No. 1: {}", "Step 1 - {}", "1️⃣ {}", "✏️ 1. {}", "Priority item 1: {}", "**1.** {}"],
)  # fmt: skip
def test_a_number_is_read_however_it_is_written(head: str):
    item = first(f"### {head.format('Define Dough Procedure')}\n**Effort:** 2 h\n")
    assert (item.title, item.effort_hours) == ("Dough Procedure", Effort(2, 2))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        *(
            (f"{verb} Dough Procedure", "Dough Procedure")
            for verb in ("Define:", "Implement", "Establish the", "Draft a")
        ),
        *(
            (f"Define {name}", "Dough Procedure")
            for name in ('"Dough" Procedure', "“Dough Procedure”", "new Dough Procedure")
        ),
        *((f"{sign}Define Dough Procedure", "Dough Procedure") for sign in ("[P0] ", "[ ] ", "P0: ", "🔴 ")),
        *(
            (f"Define Dough Procedure{tail}", "Dough Procedure")
            for tail in (" [P0]", " {#dough}", ' <a id="d"></a>', " (2 h)")
        ),
        ("Define and document Dough Procedure", "Dough Procedure"),
        ("Define Procedure: Dough", "Dough Procedure"),
        ("Procedure: Dough (P0)", "Dough Procedure"),
        ("Review Procedure – 2–3h", "Review Procedure"),
        ("Draft Procedure: 2 hours", "Draft Procedure"),
        ("Update Procedure (2 h)", "Update Procedure"),
        ("Define New Hire Procedure", "New Hire Procedure"),
        ("Define Document Control Procedure", "Document Control Procedure"),
        ("Document Control Procedure", "Document Control Procedure"),
        ("Create or Update Procedure", "Create or Update Procedure"),
        ("Define User's Guide Procedure", "User's Guide Procedure"),
    ],
)
def test_a_title_loses_what_is_no_part_of_it(title: str, expected: str):
    assert first(f"### 1. {title}\n**Priority:** P0\n").title == expected


@pytest.mark.parametrize(
    "field",
    ["*{}:* {}", "_{}_: {}", "***{}:*** {}", "`{}`: {}", "<b>{}:</b> {}", "**{}** - {}", "- **{}** — {}", "**🎯 {}:** {}", "{} = {}",
     "**{}：** {}", "**{}:**\n{}", "**{}**\n{}", "**{}:**\n- {}", "**{}:** {}<br>", "> **{}:** {}", "1. **{}:** {}"],
)  # fmt: skip
def test_a_field_is_read_however_it_is_written(field: str):
    pairs = (
        ("Priority", "P2"),
        ("Lifecycle", "Bread Lifecycle"),
        ("Dependencies", "Flour Procedure"),
        ("Effort", "3 h"),
    )
    item = first("### 1. Define Dough Procedure\n" + "\n\n".join(field.format(*pair) for pair in pairs))
    needs = [d.title for d in item.depends_on]
    assert (item.priority, item.lifecycle, needs, item.effort_hours) == (
        "P2",
        "Bread",
        ["Flour Procedure"],
        Effort(3, 3),
    )


@pytest.mark.parametrize(
    "names",
    ["Flour Procedure (to be defined) and Salt & Water Procedure (defined)", '"Flour Procedure", "Salt & Water Procedure"',
     "#2 Flour Procedure, Salt & Water Procedure", "Flour Procedure (new) / Salt & Water Procedure", "Flour Procedure → Salt & Water Procedure",
     "\n- Flour Procedure\n- Salt & Water Procedure", "Flour Procedure\n- Salt & Water Procedure"],
)  # fmt: skip
def test_names_are_set_apart_however_they_are_joined(names: str):
    item = first(f"### 1. Define Dough Procedure\n**Dependencies:** {names}\n")
    assert [d.title for d in item.depends_on] == ["Flour Procedure", "Salt & Water Procedure"]


def test_a_number_beside_another_name_is_said():
    text = f"### 1. Define Dough Procedure\n**Priority:** P0\n**Dependencies:** #3 Flour Procedure\n\n{FLOUR}"
    plan = read_plan(text.encode())
    assert [(d.title, d.state) for d in plan.items[0].depends_on] == [("#3 Flour Procedure", "unknown")]
    assert [p.kind for p in plan.problems] == ["unresolved"]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2h-3h", 2, 3),
        ("2 hours to 3 hours", 2, 3),
        ("between 2 and 3 hours", 2, 3),
        ("2..3 hours", 2, 3),
        ("min 2, max 3 hours", 2, 3),
        ("2‐3 hours", 2, 3),
        ("2-3 (hours)", 2, 3),
        ("2-3 person-hours", 2, 3),
        ("30 min - 1 hour", 0.5, 1),
        ("1h 30m - 2h", 1.5, 2),
        ("2 hours and 30 minutes", 2.5, 2.5),
        ("1h30", 1.5, 1.5),
        ("1:30-2:00 h", 1.5, 2),
        ("1 day, 4 hours", 12, 12),
        ("½ day", 4, 4),
        ("1/2 day", 4, 4),
        ("1½ hours", 1.5, 1.5),
        ("100+ hours total", 100, 100),
        ("3 procedures, 6 hours", 6, 6),
        ("13-16: 4 hours", 4, 4),
    ],
)
def test_hours_are_read_however_they_are_written(text: str, low: float, high: float):
    assert read_effort(text) == Effort(low, high)


@pytest.mark.parametrize("text", ["a while", "L", "2 story points", "1 month", "2025-01-10", "v1.2", ""])
def test_what_is_no_number_of_hours_is_none(text: str):
    assert read_effort(text) is None


def test_the_label_of_a_field_or_a_column_can_name_the_unit():
    assert first("### 1. Define Dough Procedure\n**Effort (days):** 1-2\n").effort_hours == Effort(8, 16)
    table = "| # | Procedure | Effort (days) |\n|---|---|---|\n| 1 | Dough Procedure | 1-2 |\n"
    assert first(table).effort_hours == Effort(8, 16)


def test_hours_of_the_subject_are_no_effort():
    text = "### 1. Define 24h Rotation Procedure\n**Priority:** P0\n\n### 2. Define Review Procedure (within 5 days)\n**Priority:** P0\n"
    assert [item.effort_hours for item in read_plan(text.encode()).items] == [None, None]


def test_a_line_break_in_a_cell_sets_names_apart():
    item = first(
        "| # | Procedure | Dependencies |\n|---|---|---|\n| 1 | Dough Procedure | Flour Procedure<br>Salt Procedure |\n"
    )
    assert [d.title for d in item.depends_on] == ["Flour Procedure", "Salt Procedure"]


def test_headings_and_rows_below_a_priority_are_items_without_fields():
    plan = read_plan(
        b"# Plan\n\n## P0 - Critical\n\n### Define Dough Procedure\n\nIt comes first.\n\n## P1\n\n"
        b"| # | Procedure | Lifecycle |\n|---|---|---|\n| 7 | Crust Procedure | Bread |\n\n"
        b"## Success metrics for P0\n\n| # | Item | Status |\n|---|---|---|\n| 1 | Loaves | done |\n"
    )
    assert [(i.number, i.title, i.priority) for i in plan.items] == [
        (1, "Dough Procedure", "P0"),
        (7, "Crust Procedure", "P1"),
    ]


def test_a_paragraph_in_bold_opens_an_item_that_goes_on_to_the_next():
    plan = read_plan(
        b"# Plan\n\n## P0\n\n**1. Define Dough Procedure**\n\n**Effort:** 2 h\n\n**What to do:**\n\n- [ ] Weigh\n1. [ ] Knead the Procedure\n\n"
        b"**2. Define Crust Procedure**\n\nDependencies: #1\n\n**P1 - later**\n\n- [ ] Oven Procedure\n"
    )
    assert [(i.number, i.title, i.priority, len(i.actions)) for i in plan.items] == [
        (1, "Dough Procedure", "P0", 2),
        (2, "Crust Procedure", "P0", 0),
        (3, "Oven Procedure", "P1", 0),
    ]


def test_boxes_without_a_bullet_are_actions():
    item = first("### 1. Define Dough Procedure\n**Action Items:**\n[ ] Weigh\n[x] Knead\n⬜ Rest\n✅ Bake\n")
    assert [(a.text, a.done) for a in item.actions] == [
        ("Weigh", False),
        ("Knead", True),
        ("Rest", False),
        ("Bake", True),
    ]


def test_a_misspelt_field_is_said():
    plan = read_plan(b"### 1. Define Dough Procedure\n**Priority:** P0\n**Dependancies:** Flour Procedure\n")
    assert [(p.kind, p.line, p.message) for p in plan.problems] == [
        ("skipped", 3, "'Dependancies' is no field of an item, so it is not read; did you mean 'dependencies'?")
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Not done", "not done"),
        ("80% complete", "in progress"),
        ("100% complete", "defined"),
        ("Almost done", "in progress"),
        ("Incomplete", "in progress"),
        ("Ready to start", "ready to start"),
        ("To be completed", "to be completed"),
        ("No placeholder yet", "missing"),
        ("Completed 2025-01-02", "defined"),
    ],
)
def test_a_status_that_speaks_of_open_work_is_not_done(status: str, expected: str):
    item = first(f"### 1. Define Dough Procedure\n**Status:** {status}\n")
    assert (item.status, item.done) == (expected, expected == "defined")


@pytest.mark.parametrize(
    "head", ["[x] 1. Define Dough Procedure", "1. Define Dough Procedure (done)", "1. Dough Procedure — Defined"]
)
def test_what_stands_beside_a_title_says_that_it_is_done(head: str):
    item = first(f"### {head}\n**Priority:** P0\n")
    assert (item.title, item.done) == ("Dough Procedure", True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("See item 2", "Flour Procedure"),
        ("Depends on Flour Procedure being complete", "Flour Procedure"),
        ("None strictly, but Flour Procedure is helpful", "Flour Procedure soft"),
        ("both Flour Procedure and Salt Procedure", "Flour Procedure, Salt Procedure"),
        ("No hard dependencies", ""),
        ("Independent", ""),
    ],
)
def test_phrases_around_a_name_are_no_part_of_it(value: str, expected: str):
    item = first(f"### 1. Define Dough Procedure\n**Dependencies:** {value}\n")
    assert ", ".join(d.title + " soft" * (not d.hard) for d in item.depends_on) == expected


def test_neither_defined_is_not_defined():
    item = first("### 1. Define Dough Procedure\n**Dependencies:** Rye Procedure, Oat Procedure (neither defined)\n")
    assert [(d.title, d.state) for d in item.depends_on] == [
        ("Rye Procedure", "to be defined"),
        ("Oat Procedure", "to be defined"),
    ]


@pytest.mark.parametrize(
    "body",
    ["**Procedures:** Icing Procedure and Layer Procedure", "- Icing Procedure\n- Layer Procedure",
     "**Procedures:**\n- Icing Procedure\n  - needs sugar\n- Layer Procedure"],
)  # fmt: skip
def test_a_range_finds_its_names(body: str):
    plan = read_plan(f"### 4–5. Define Cake Procedures\n**Priority:** P2\n**Effort:** 3 h total\n\n{body}\n".encode())
    assert [(i.number, i.title) for i in plan.items] == [(4, "Icing Procedure"), (5, "Layer Procedure")]
    assert [p.message for p in plan.problems] == ["'needs sugar' is below a name and is not read"] * ("sugar" in body)


TWO = "# Plan\n\n## P0\n\n### 1. Define Dough Procedure\n**Effort:** 2-3 h\n\n### 2. Define Crust Procedure\n**Effort:** 1 h\n\n"


@pytest.mark.parametrize(
    ("total", "problems"),
    [
        ("**Total:** 3-4 hours", []),
        ("**Total P0 Effort:** 3-4 hours\n\n**P0 total:** 5 hours", ["P0 states 5 hours, its items sum to 3-4 hours"]),
        ("**Total Effort:** 5 hours", ["P0 states 5 hours, its items sum to 3-4 hours"]),
        ("**Total P0 + P1 effort:** 9 hours", ["P0 and P1 state 9 hours, their items sum to 5-6 hours"]),
        ("**Total effort:** 5-6 hours", []),
    ],
)
def test_every_stated_total_is_compared_with_what_it_speaks_of(total: str, problems: list[str]):
    plan = read_plan(f"{TWO}{total}\n\n## P1\n\n### 3. Define Oven Procedure\n**Effort:** 2 h\n".encode())
    assert [p.message for p in plan.problems if p.kind == "total"] == problems


def test_a_row_of_sums_is_no_item():
    plan = read_plan(
        b"# Plan\n\n## P0\n\n| # | Procedure | Effort |\n|---|---|---|\n| 1 | Total Loss Procedure | 2h |\n| | **Total** | 3h |\n"
    )
    assert [item.title for item in plan.items] == ["Total Loss Procedure"]


def test_metrics_are_read_with_where_they_come_from():
    plan = read_plan(f"{TWO}## Success Metrics\n\n- Coverage: from 10% to 20%\n- 1,000 pages\n".encode())
    assert [(m.name, m.target, m.base, m.unit) for m in plan.metrics] == [
        ("Coverage", 20, 10, "%"),
        ("", 1000, None, ""),
    ]


def test_goals_can_be_numbers_and_finished_work_needs_no_tick():
    plan = read_plan(
        f"{TWO}## Tracking\n\n### Completed This Session\n- Rye Procedure\n- ❌ Oat Procedure\n\n"
        "### Next Session Goals\n- [ ] #2\n- [ ] Lost Procedure\n".encode()
    )
    assert [(g.title, g.done) for g in plan.completed] == [("Rye Procedure", True), ("Oat Procedure", False)]
    assert [(g.title, g.item) for g in plan.goals] == [("Crust Procedure", 2), ("Lost Procedure", None)]
    assert plan.next == (2,)
    assert [p.message for p in plan.problems] == ["the goal 'Lost Procedure' is no item of this plan"]


def test_groups_are_counted_in_several_notations_and_one_without_a_count_is_said():
    plan = read_plan(
        f"{TWO}## Later (P3)\n\n- Cake Lifecycle (10 procedures)\n- Rye Lifecycle (7)\n- 8 Oat procedures\n- [ ] Ice (5 procedures)\n"
        "- Tea Lifecycle (5-7 procedures)\n".encode()
    )
    found = [(g.name, g.count) for g in plan.groups]
    assert found == [("Cake Lifecycle", 10), ("Rye Lifecycle", 7), ("Oat", 8), ("Ice", 5)]
    assert [(p.kind, p.line) for p in plan.problems] == [("count", 17)]
