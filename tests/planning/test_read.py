"""Reading plans of several shapes; all of them small and written here."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor.errors import PlanError, UnreadableError
from procauthor.planning.plan import Effort, Plan, plan_json
from procauthor.planning.read import read_plan

HEADED = """# Bakery Plan

## Immediate Actions (Next Session - P0 Critical)

### 1. Define Dough Procedure
**Priority:** P0 - Critical  
**Lifecycle:** Bread Lifecycle - Phase 1  
**Status:** Placeholder exists  
**Dependencies:** Flour Procedure, Water & Salt Procedure (both defined)  
**Blocks:** Oven Procedure (can proceed but needs this)  
**Estimated Effort:** 2-3 hours

**Why:** Nothing rises without it.

**Action Items:**
- [ ] Weigh
- [x] Knead

### 2. Define Crust Procedure
**Priority:** P0 - Critical
**Lifecycle:** Bread Lifecycle
**Status:** Missing (not created)
**Dependencies:** Dough Procedure (to be defined)
**Blocks:** None (completes the loaf)
**Estimated Effort:** 1-2 hours

**Total P0 Effort:** 3-5 hours

## Later (P1 High)

### 3. Define Tasting Procedure
**Priority:** P1 - High
**Lifecycle:** Bread Lifecycle
**Status:** Not yet created
**Dependencies:** All bread procedures
**Blocks:** Other Bread Lifecycle procedures
**Estimated Effort:** 30-60 minutes

### 4–6. Define Cake Lifecycle Procedures
**Priority:** P2 - Medium
**Lifecycle:** Cake Lifecycle - Phase 4
**Status:** All placeholders exist
**Procedures:**
- Icing Procedure
- Layer / Filling Procedure
- Candle Procedure

**Estimated Effort:** 7-9 hours total

## Long-Term Actions (P3 Low)

### Other Lifecycles
**Priority:** P3 - Low

- Pastry Lifecycle (10 procedures)
- Ice & Cream (5 procedures)

## Success Metrics

**Completion Goals:**
- Overall: 25% (up from 13.8%)
- Define 2-3 procedures

## Execution Strategy
1. **Next Session:** Focus on P0

## Tracking

### Completed This Session
- ✅ Flour Procedure - Defined

### Next Session Goals
- [ ] Dough Procedure - Define
- [ ] Crust Procedure - Define (if time permits)
"""  # noqa: W291 - hard line breaks are part of the format


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(HEADED.encode())


def only(text: str, **options: dict[str, str]) -> Plan:
    return read_plan(text.encode(), **options)


def with_dependencies(value: str, rest: str = "") -> str:
    return f"# P\n### 1. Define Main Procedure\n**Priority:** P0\n**Dependencies:** {value}\n\n{rest}"


def test_items_carry_the_titles_of_procedures_and_a_range_becomes_one_item_each(plan):
    assert [(i.number, i.title) for i in plan.items] == [
        (1, "Dough Procedure"),
        (2, "Crust Procedure"),
        (3, "Tasting Procedure"),
        (4, "Icing Procedure"),
        (5, "Layer / Filling Procedure"),
        (6, "Candle Procedure"),
    ]


def test_lifecycle_phase_status_and_priority_are_normalised(plan):
    first, second, third, fourth, *_ = plan.items
    assert (first.lifecycle, first.phase, first.status, first.priority) == ("Bread", 1, "placeholder", "P0")
    assert (second.phase, second.status, third.status) == (None, "missing", "missing")
    assert (fourth.lifecycle, fourth.phase, fourth.status, fourth.priority) == ("Cake", 4, "placeholder", "P2")


def test_both_defined_speaks_of_both_names(plan):
    assert [(d.title, d.state, d.hard) for d in plan.items[0].depends_on] == [
        ("Flour Procedure", "defined", True),
        ("Water & Salt Procedure", "defined", True),
    ]


def test_blocks_lose_their_remarks_and_none_blocks_nothing(plan):
    assert plan.items[0].blocks == plan.items[0].soft_blocks == ("Oven Procedure",)
    assert plan.items[1].blocks == ()


def test_a_vague_dependency_is_kept_reported_and_ordered_behind_what_it_is_read_as(plan):
    third = plan.items[2]
    assert [d.state for d in third.depends_on] == ["vague"]
    assert [p.message for p in plan.problems if p.kind == "vague" and p.item == 3] == [
        "'All bread procedures' names no procedure; read as items 1 and 2",
        "'Other Bread Lifecycle procedures' names no procedure; read as no item of this plan",
    ]
    assert plan.order.index(3) > max(plan.order.index(1), plan.order.index(2))


def test_effort_is_in_hours_and_a_range_shares_its_total_exactly(plan):
    assert plan.items[2].effort_hours == Effort(0.5, 1)
    shared = [i.effort_hours for i in plan.items[3:]]
    assert sum(e.min for e in shared) == 7
    assert [e.max for e in shared] == [3, 3, 3]


def test_a_stated_total_is_compared_with_the_sum(plan):
    assert {t.key: (t.stated, t.computed) for t in plan.totals}["P0"] == (Effort(3, 5), Effort(3, 5))
    wrong = only(HEADED.replace("3-5 hours", "3-6 hours"))
    assert [p.message for p in wrong.problems if p.kind == "total"] == [
        "P0 states 3-6 hours, its items sum to 3-5 hours"
    ]


def test_actions_know_their_line_and_the_byte_of_their_letter(plan):
    actions = plan.items[0].actions
    assert [(a.text, a.done, HEADED.encode()[a.marker : a.marker + 1]) for a in actions] == [
        ("Weigh", False, b" "),
        ("Knead", True, b"x"),
    ]
    assert HEADED.splitlines()[actions[0].line - 1] == "- [ ] Weigh"


def test_groups_metrics_goals_and_finished_work_stay_data(plan):
    assert [(g.name, g.count, g.priority) for g in plan.groups] == [
        ("Pastry Lifecycle", 10, "P3"),
        ("Ice & Cream", 5, "P3"),
    ]
    assert (plan.metrics[0].name, plan.metrics[0].target, plan.metrics[0].base) == ("Overall", 25, 13.8)
    assert [(g.title, g.done) for g in plan.completed] == [("Flour Procedure", True)]
    assert [(g.title, g.item) for g in plan.goals] == [("Dough Procedure", 1), ("Crust Procedure", 2)]


def test_the_goals_of_the_next_session_come_next(plan):
    assert plan.next == (1, 2)


def test_without_goals_the_first_items_that_wait_for_nothing_come_next():
    assert only(HEADED.partition("### Next Session Goals")[0]).next == (1, 4, 5)


def test_a_goal_whose_dependency_is_open_has_to_wait():
    plan = only(HEADED.replace("- [ ] Dough Procedure - Define\n", ""))
    assert [p.message for p in plan.problems if p.kind == "blocked"] == [
        "the goal 'Crust Procedure' has to wait for 'Dough Procedure'"
    ]
    assert plan.next == (1, 4, 5)


def test_names_that_are_nowhere_are_problems(plan):
    assert [(p.item, p.line) for p in plan.problems if p.kind == "unresolved"] == [(1, 10)]


def test_the_library_decides_states_and_what_is_done():
    known = {"dough": "defined", "flour": "placeholder", "water and salt": "approved", "oven": "defined"}
    plan = read_plan(HEADED.encode(), known=known)
    assert [d.state for d in plan.items[0].depends_on] == ["placeholder", "defined"]
    assert plan.items[0].done
    assert [d.state for d in plan.items[1].depends_on] == ["defined"]
    assert plan.next == (2,)
    assert "'Dough Procedure' calls 'Flour Procedure' defined, but it is placeholder" in [
        p.message for p in plan.problems
    ]


@pytest.mark.parametrize("raw", [HEADED.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + HEADED.encode()])
def test_line_endings_and_a_byte_order_mark_change_no_value(raw, plan):
    assert plan_json(read_plan(raw)) == plan_json(plan)


@pytest.mark.parametrize("level", ["#", "##", "#####"])
def test_items_are_found_under_headings_of_any_level(level):
    text = f"{level} 3) Define Glaze Procedure\n**Priority:** High\n"
    assert [(i.number, i.title, i.priority) for i in only(text).items] == [(3, "Glaze Procedure", "P1")]


def test_the_rows_of_a_table_can_be_items():
    plan = only(
        "# P\n## Soon (P1)\n\n"
        "| # | Procedure | Priority | Lifecycle | Status | Dependencies | Effort |\n|---|---|---|---|---|---|---|\n"
        "| 1 | **[Dough Procedure](dough.md)** | P1 | Bread - Phase 1 | ✅ Defined | None (entry point) | 2h |\n"
        "| 2 | Define Crust Procedure |  | Bread | ❌ Missing | Dough Procedure ✅, #3 | 1–2 days |\n"
        "| 3 | Steam Procedure | P0 | Bread | 🔄 | — | 1-2 |\n"
    )
    assert [(i.number, i.title, i.priority, i.status, i.done) for i in plan.items] == [
        (1, "Dough Procedure", "P1", "defined", True),
        (2, "Crust Procedure", "P1", "missing", False),
        (3, "Steam Procedure", "P0", "in progress", False),
    ]
    assert [d.title for d in plan.items[1].depends_on] == ["Dough Procedure", "Steam Procedure"]
    assert plan.items[1].effort_hours == Effort(8, 16)
    assert plan.order == (3, 1, 2)


def test_numbered_lines_with_bold_fields_can_be_items():
    plan = only(
        "# P\n## List\n\n"
        "1. **Define Dough Procedure** — **Priority:** P0 — **Effort:** 2-3 hours\n"
        "   - **Why:** bread\n   - [ ] weigh\n"
        "2. **Define Crust Procedure**\n   **Priority:** P1 · **Dependencies:** Dough\n"
        "3-4. **Define More Procedures** **Priority:** P2; **Procedures:** Icing Procedure, Candle Procedure\n\n"
        "## Strategy\n1. **Next Session:** P0\n"
    )
    assert [(i.number, i.title, i.priority) for i in plan.items] == [
        (1, "Dough Procedure", "P0"),
        (2, "Crust Procedure", "P1"),
        (3, "Icing Procedure", "P2"),
        (4, "Candle Procedure", "P2"),
    ]
    assert (plan.items[0].why, len(plan.items[0].actions)) == ("bread", 1)
    assert [d.title for d in plan.items[1].depends_on] == ["Dough Procedure"]


def test_what_stands_in_code_or_comments_is_no_item():
    fake = "### 7. Define Fake Procedure\n**Priority:** P0\n"
    plan = only(with_dependencies("None", f"```\n{fake}```\n\n<!--\n{fake}-->\n"))
    assert [i.number for i in plan.items] == [1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("None (entry point)", []),
        ("N/A", []),
        ("—", []),
        ("A Procedure (soft)", [("A Procedure", "soft", False)]),
        ("Optional: A Procedure (defined)", [("A Procedure", "defined", False)]),
        ("A Procedure ✅, B Procedure ❌", [("A Procedure", "defined", True), ("B Procedure", "missing", True)]),
        ("A Procedure - to be defined", [("A Procedure", "to be defined", True)]),
        ("A Procedure and B Procedure", [("A Procedure", "unknown", True), ("B Procedure", "unknown", True)]),
        ("[A Procedure](a.md) (placeholder); **B Procedure**",
         [("A Procedure", "placeholder", True), ("B Procedure", "unknown", True)]),
        ("TBD", [("TBD", "vague", True)]),
        ("\n- A Procedure (defined)\n- [x] B Procedure", [("A Procedure", "defined", True), ("B Procedure", "defined", True)]),
    ],
)  # fmt: skip
def test_dependencies_are_read_as_people_write_them(value, expected):
    found = only(with_dependencies(value)).items[0].depends_on
    assert [(d.title, d.state, d.hard) for d in found] == expected


def test_a_title_with_a_comma_or_a_verb_stays_whole_when_the_library_has_it():
    known = {"mix prove and bake": "defined", "create or update": "defined"}
    text = with_dependencies("Mix, Prove and Bake Procedure, Create or Update Procedure")
    found = read_plan(text.encode(), known=known).items[0].depends_on
    assert [d.title for d in found] == ["Mix, Prove and Bake Procedure", "Create or Update Procedure"]


def test_numbers_that_repeat_or_do_not_fit_are_problems():
    twice = only("### 1. Define A Procedure\n**Priority:** P0\n### 1. Define B Procedure\n**Priority:** P0\n")
    assert [p.kind for p in twice.problems] == ["duplicate"]
    short = only("### 1-3. Define Some Procedures\n**Priority:** P0\n**Procedures:**\n- A Procedure\n- B Procedure\n")
    assert [p.message for p in short.problems] == ["1-3 announces 3 items, but 'Define Some Procedures' names 2"]


def test_the_json_holds_whole_numbers_as_integers_and_can_be_written(plan):
    shown = json.loads(json.dumps(plan_json(plan)))
    assert shown["schema_version"] == 1
    assert shown["items"][0]["effort_hours"] == {"min": 2, "max": 3}
    assert isinstance(shown["items"][0]["effort_hours"]["min"], int)
    assert shown["items"][0]["depends_on"][0] == {"title": "Flour Procedure", "state": "defined", "hard": True}
    assert shown["totals"]["P0"]["stated"] == {"min": 3, "max": 5}


PLAN_OF_NAMES = "# Plan\n\n### 1. Define Dough Procedure\n**Priority:** P0\n**Dependencies:** {}\n"


def test_a_file_without_items_is_no_plan():
    with pytest.raises(PlanError) as caught:
        read_plan(b"# Notes\n\n1. **Next Session:** rest\n")
    assert caught.value.hint


def test_a_plan_in_one_line_is_refused_with_the_reason():
    with pytest.raises(PlanError, match="carriage returns alone"):
        read_plan(b"# Plan\r\r## P0\r\r- [ ] Define Dough Procedure\r- [ ] Define Crust Procedure\r")


def test_a_thousand_names_behind_each_other_are_read_in_time():
    names = [f"Item{number} Handling Procedure" for number in range(1000)]
    plan = read_plan(PLAN_OF_NAMES.format(f"{', '.join(names)}, {' and '.join(names)} and rest").encode())
    assert [each.title for each in plan.items[0].depends_on][:1000] == names


def test_a_thousand_sections_that_all_others_wait_for_are_read_in_time():
    sections = "".join(f"## Part {n} (prerequisite)\n\n- [ ] Define Dough {n} Procedure\n\n" for n in range(1000))
    plan = read_plan(f"# Plan\n\n{sections}".encode())
    assert not plan.items[0].depends_on
    assert plan.items[-1].depends_on[0].title == "Dough 0 Procedure"


def test_bytes_that_are_no_utf8_cannot_be_read():
    with pytest.raises(UnreadableError):
        read_plan(b"### 1. Define \xff Procedure\n")


PIECES = ["### 1. Define A Procedure", "**Priority:** P0", "**Dependencies:** ", "B (", "|#|Procedure|Effort|", "|-|-|-|",
          "|1|C|2h|", "- [ ] x", "1. **D** **Priority:** P1", "  ", "> q", "```", "2-9. E", "✅", "**Procedures:** a, b"]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=14))
def test_any_text_is_a_plan_or_is_refused_politely(lines):
    try:
        plan = read_plan("\n".join(lines).encode("utf-8", "surrogatepass"))
    except (PlanError, UnreadableError):
        return
    assert sorted(plan.order) == sorted(i.number for i in plan.items)
    json.dumps(plan_json(plan))


_KEYS = r"\*\*(Priority|Lifecycle|Status|Dependencies|Blocks|Estimated Effort|Why|Action Items):\*\*"
RELATIVES = {
    "deeper headings": (r"(?m)^### ", "#### "),
    "fields as a list": (r"(?m)^" + _KEYS, r"- **\1:**"),
    "colon outside": (_KEYS, r"**\1**:"),
    "plain fields": (_KEYS, r"\1:"),
    "stars": (r"- \[ \]", "* [ ]"),
    "a range in words": ("4–6", "4 to 6"),
    "a plain range": ("4–6", "4-6"),
    "a bracket behind the number": (r"(?m)^### (\d)\.", r"### \1)"),
    "another verb": (r"\. Define", ". Write"),
    "no verb": (r"\. Define ", ". "),
    "bold headings": (r"(?m)^### (.*)$", r"### **\1**"),
    "a sign before the number": (r"(?m)^### (\d)", r"### ⬜ \1"),
    "coloured priorities": ("P0 - Critical", "🔴 P0"),
    "semicolons": ("Flour Procedure, ", "Flour Procedure; "),
    "and": ("Flour Procedure, ", "Flour Procedure and "),
    "a link": (r"\*\* Dough Procedure \(to", "** [Dough Procedure](dough.md) (to"),
    "a list of dependencies": (
        r"\*\* Flour Procedure, (Water & Salt Procedure) \(both defined\)  ",
        r"**\n- Flour Procedure (defined)\n- \1 (defined)\n",
    ),
    "dashes": ("30-60 minutes", "30–60 minutes"),
}


@pytest.mark.parametrize("name", RELATIVES)
def test_a_plan_in_other_clothes_is_the_same_plan(plan, name):
    pattern, other = RELATIVES[name]
    text = re.sub(pattern, other, HEADED)
    assert text != HEADED
    found = read_plan(text.encode())

    def meaning(each):
        items = [
            (i.number, i.title, i.priority, i.lifecycle, i.phase, i.effort_hours, i.blocks, i.done) for i in each.items
        ]
        needs = [[(d.title, d.state, d.hard) for d in i.depends_on] for i in each.items]
        actions = [[(a.text, a.done) for a in i.actions] for i in each.items]
        groups = [(g.name, g.count, g.priority) for g in each.groups]
        metrics = [(m.name, m.target, m.base) for m in each.metrics]
        return items, needs, actions, groups, metrics, each.order, each.next

    assert meaning(found) == meaning(plan)


def test_numbers_of_any_length_are_no_trouble():
    long = "9" * 6000
    text = f"""### 1. Define Dough Procedure
**Effort:** {long} hours
**Phase:** {long}
**Dependencies:** #{long}, Items {long}-{long}, 1-{long}, Phases 1-{long}
**Priority:** P0

- Bread Lifecycle ({long} procedures)

## Success Metrics

- Overall: {long}% (up from {long}%)
"""
    shown = json.dumps(plan_json(read_plan(text.encode())), allow_nan=False)
    assert "Dough Procedure" in shown


@pytest.mark.parametrize("digit", "²①½Ⅳ")
def test_a_digit_that_is_no_decimal_is_no_priority(digit):
    found = read_plan(f"## 1. Dough {digit}\n\n**Priority:** {digit}\n\n**Effort:** {digit} hours\n".encode())
    assert [item.priority for item in found.items] == ["P3"]
