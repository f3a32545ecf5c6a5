"""Operations change what they name, and not a byte elsewhere."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from typing import Any

import pytest

from procauthor.authoring.update.edit import edit
from procauthor.authoring.update.operation import Action, Operation, OperationError
from procauthor.authoring.update.outline import allowance, read_outline, sections_of
from procauthor.library.change import Change, Edit
from procauthor.markdown.parse import parse
from procauthor.system import shipped
from procauthor.template.read import read_template
from tests.authoring.update.documents import LINKS, TEMPLATE, changed_outside, document, extent, operation, outline_of
from tests.conftest import REVIEW

ROUNDS = int(os.environ.get("PROCAUTHOR_RANDOM_UPDATES", "120"))
ORCHESTRATION = read_template("orchestration", (shipped("templates") / "orchestration.md").read_bytes())
STEP: Mapping[str, Any] = {
    "name": "Weigh",
    "purpose": "Compare the parts.",
    "inputs": [{"artifact": "Component Diagram", "source": "Step 1"}],
    "actions": ["Weigh each part."],
    "decisions": [],
    "outputs": [{"artifact": "Weight List", "description": "one weight a part"}],
    "failure_handling": [{"failure": "A part is too heavy", "response": "abort"}],
}


def test_random_operations_change_nothing_outside_of_their_targets() -> None:
    done = 0
    for seed in range(ROUNDS * 4):
        r = random.Random(seed)
        raw = document(r)
        outline = outline_of(raw)
        one = operation(r, outline)
        try:
            found = edit(outline, [one], LINKS)
        except OperationError:
            continue
        assert changed_outside(raw, found.raw, [extent(outline, outline.targets[one.target])]) == [], (seed, one)
        done += 1
        if done == ROUNDS:
            break
    assert done == ROUNDS


def test_several_random_operations_at_once_change_nothing_outside_of_their_targets() -> None:
    done = 0
    for seed in range(ROUNDS):
        r = random.Random(f"several {seed}")
        raw = document(r)
        outline = outline_of(raw)
        several = [operation(r, outline) for _ in range(3)]
        try:
            found = edit(outline, several, LINKS)
        except OperationError:
            continue
        spans = [extent(outline, outline.targets[one.target]) for one in several]
        assert changed_outside(raw, found.raw, spans) == [], (seed, several)
        done += 1
    assert done > ROUNDS / 10


def do(raw: bytes, target: str, action: Action, *values: Any) -> bytes:
    outline = outline_of(raw)
    found = edit(outline, [Operation(action, target, outline.targets[target].hash, values)], LINKS)
    return found.raw


def test_the_update_of_one_item_is_one_hunk() -> None:
    raw = REVIEW.encode().replace(b"\n", b"\r\n")
    after = do(raw, "S7.items[1]", "replace", "Three options were compared.")
    assert after == raw.replace(b"- Two options were compared.", b"- Three options were compared.")
    assert Change((Edit("a.md", raw, after),)).diff().count("@@ -") == 1


@pytest.mark.parametrize(
    ("lines", "target", "action", "wanted"),
    [
        ("* a\n* b", "S1.items[1]", "insert_after", "* a\n* new\n* b"),
        ("1) a\n2) b", "S1.items[1]", "insert_after", "1) a\n2) new\n3) b"),
        ("1. a\n1. b", "S1.items[1]", "insert_before", "1. new\n1. a\n1. b"),
        ("9. a\n10. b", "S1.items", "append", "9. a\n10. b\n11. new"),
        ("- [x] a\n\n- [ ] b", "S1.items[1]", "insert_after", "- [x] a\n\n- [ ] new\n\n- [ ] b"),
        ("- a\n  - in\n- b", "S1.items[1]", "insert_after", "- a\n  - in\n- new\n- b"),
        ("- a\n  - in\n- b", "S1.items[1.1]", "insert_after", "- a\n  - in\n  - new\n- b"),
        ("- a\n  - in\n- b", "S1.items[1]", "replace", "- new\n  - in\n- b"),
        ("1. a\n2. b\n3. c", "S1.items[2]", "delete", "1. a\n2. c"),
        ("- a\n- b", "S1.items[2]", "delete", "- a"),
        ("|A|B|\n|--|--|\n|a|b|", "S1.rows[1]", "insert_after", "|A|B|\n|--|--|\n|a|b|\n| new | x |"),
        ("one\n\ntwo", "S1.text[1]", "delete", "two"),
        ("one\n\ntwo", "S1.text[2]", "insert_before", "one\n\nnew\n\ntwo"),
        ("one\ntwo", "S1.text[1]", "replace", "new"),
    ],
)
@pytest.mark.parametrize("ending", ["", "\n", "\n\n## Next\n\nwords\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_new_text_takes_the_form_of_its_neighbours(  # noqa: PLR0917 - the parts of a case
    lines: str, target: str, action: Action, wanted: str, ending: str, newline: str
) -> None:
    values = () if action == "delete" else (["new", "x"],) if "rows" in target else ("new",)
    raw, expected = (
        f"# T\n\n## Anything\n\n{text}{ending}".replace("\n", newline).encode() for text in (lines, wanted)
    )
    assert do(raw, target, action, *values) == expected


def test_an_inserted_step_takes_the_form_of_its_neighbour_and_later_numbers_go_on() -> None:
    text = REVIEW.replace("### Step", "#### Phase").replace(":**\n\n-", "**:\n\n*")
    after = do(text.encode(), "S5.1", "insert_after", STEP).decode()
    assert "#### Phase 2: Weigh\n\n**Purpose:** Compare the parts.\n\n**Inputs**:\n\n* Component Diagram" in after
    assert "#### Phase 3: Decide" in after
    assert "#### Phase 4: Publish" in after
    assert "**Decisions:**\n\nNone." in after.partition("Weigh")[2].partition("Phase 3")[0]


def test_a_block_of_an_inserted_step_is_below_its_item() -> None:
    step = STEP | {"actions": ["Weigh each part:\n\n```sh\nmake weights\n```", "Note the sum."]}
    after = do(REVIEW.encode(), "S5.1", "insert_after", step).decode()
    assert ":\n\n   ```sh\n   make weights\n   ```\n\n2. Note the sum.\n" in after


@pytest.mark.parametrize(("word", "sign"), [("Schritt ", ": "), ("Étape ", " - "), ("", ". ")])
def test_steps_are_inserted_and_deleted_whatever_the_template_calls_them(word: str, sign: str) -> None:
    def step(number: object, name: str, action: str = "Gehen.") -> str:
        return f"### {word}{number}{sign}{name}\n\n**Aktionen:**\n\n1. {action}\n"

    template = read_template("ablauf", f"# {{title}}\n\n## Ablauf\n\n{step('{number}', '{name}', '{action}')}".encode())
    mention = f"Wie in {word or 'step '}{{}}."
    raw = f"# A\n\n## Ablauf\n\n{step(1, 'Eins')}\n{step(2, 'Zwei', mention.format(2))}".encode()
    outline = read_outline(parse(raw), template)
    value = {"name": "Neu", "aktionen": ["Gehen."]}
    insert = Operation("insert_after", "S1.1", outline.targets["S1.1"].hash, (value,))
    after = edit(outline, [insert]).raw.decode()
    assert after == f"# A\n\n## Ablauf\n\n{step(1, 'Eins')}\n{step(2, 'Neu')}\n{step(3, 'Zwei', mention.format(3))}"
    outline = read_outline(parse(after.encode()), template)
    delete = Operation("delete", "S1.2", outline.targets["S1.2"].hash)
    assert edit(outline, [delete]).raw == raw


def test_mentions_of_later_steps_follow_and_are_told() -> None:
    outline = outline_of(REVIEW.encode())
    found = edit(outline, [Operation("insert_before", "S5.2", outline.targets["S5.2"].hash, (STEP,))], LINKS)
    after = found.raw.decode()
    assert "- Decision Record (From: Step 3)" in after
    assert "- Component Diagram (From: Step 1)" in after
    assert "return to Step 1" in after
    assert found.notes == ("renumbered 2 steps of S5 and 1 mention of them",)


def test_a_step_that_others_mention_is_not_deleted_unless_the_mentions_go_too() -> None:
    outline = outline_of(document_with_four_steps())
    delete = Operation("delete", "S5.2", outline.targets["S5.2"].hash)
    with pytest.raises(OperationError, match="'Step 2: Decide' is still mentioned in line"):
        edit(outline, [delete], LINKS)
    names = [t for t in outline.targets.values() if t.id.startswith("S5.3") and "Step 2" in t.text and t.kind == "item"]
    values = {"artifact": "Component Diagram", "source": "Step 1"}
    mend = [Operation("replace", t.id, t.hash, (values,)) for t in names]
    after = edit(outline, [delete, *mend], LINKS).raw.decode()
    assert "### Step 2: Publish" in after
    assert "Decide" not in after.partition("## 5.")[2].partition("## 6.")[0]


def document_with_four_steps() -> bytes:
    return do(REVIEW.encode(), "S5", "append", STEP)


def test_a_call_is_added_to_a_phase_with_its_order_and_status() -> None:
    raw = (
        b"# Feature Orchestration\n\n## 4. Phases\n\n### Phase 1: All\n\n**Calls:**\n\n| Order | Procedure | Status |\n|---|---|---|\n"
        b"| 1 | [Design Review Procedure](design-review.md) | Defined |\n| 2 | Last Procedure | Missing |\n"
    )
    outline = read_outline(parse(raw), ORCHESTRATION)
    target = outline.targets["S1.1.calls[1]"]
    value = {"procedure": "Threat Check Procedure"}
    links, statuses = {"Threat Check Procedure": "threat-check.md"}, {"Threat Check Procedure": "Placeholder"}
    found = edit(outline, [Operation("insert_after", target.id, target.hash, (value,))], links, statuses)
    assert found.raw.decode().splitlines()[-2:] == [
        "| 2 | [Threat Check Procedure](threat-check.md) | Placeholder |",
        "| 3 | Last Procedure | Missing |",
    ]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Operation("delete", "S7.items[9]", "x"), "no target"),
        (Operation("delete", "S7.items[1]", "00000000"), "not what the operation expects"),
        (Operation("insert_after", "S7", "?", ("x",)), "cannot be done"),
        (Operation("delete", "S1", "?"), "the document needs it"),
        (Operation("replace", "M.id", "?", ("x",)), "id of a document"),
        (Operation("replace", "S3.items[1]", "?", ("text",)), "do not fit"),
        (Operation("replace", "S3.items[1]", "?", ()), "has 0 values"),
        (Operation("replace", "S7.items[1]", "?", ("  ",)), "empty"),
        (Operation("substitute", "S7.items[1]", "?", ("gone", "x")), "is not in"),
        (Operation("delete", "S5.1", "?"), "fewer than 3 steps"),
    ],
)
def test_a_wrong_operation_is_refused_with_one_sentence(one: Operation, words: str) -> None:
    outline = outline_of(REVIEW.encode())
    expect = outline.targets[one.target].hash if one.expect == "?" else one.expect
    with pytest.raises(OperationError, match=words):
        edit(outline, [Operation(one.action, one.target, expect, one.values)], LINKS)


def test_two_operations_on_one_target_are_refused() -> None:
    outline = outline_of(REVIEW.encode())
    target = outline.targets["S7.items[1]"]
    both = [Operation("delete", target.id, target.hash), Operation("replace", target.id, target.hash, ("x",))]
    with pytest.raises(OperationError, match="twice"):
        edit(outline, both, LINKS)


def test_a_value_cannot_open_a_heading_or_hide_the_rest() -> None:
    after = do(REVIEW.encode(), "S1.text[1]", "replace", "# Mine\n\n<!-- hidden\n\n```\nfence").decode()
    assert "\n# Mine" not in after
    assert len(parse(after.encode()).headings) == len(parse(REVIEW.encode()).headings)
    assert [s.key for s in TEMPLATE.required if s.heading not in after] == []


def test_a_reference_becomes_a_link_only_if_it_is_known() -> None:
    value = {"artifact": "Plan", "description": "see [x](evil.md)", "provider": "Design Review Procedure"}
    after = do(REVIEW.encode(), "S3.items", "append", value).decode()
    assert "- **Plan**: see x (From: [Design Review Procedure](design-review.md))" in after


@pytest.mark.parametrize(
    ("wish", "whole"),
    [
        ("say who approves, in every section", True),
        ("in allen Abschnitten steht, wer zustimmt", True),
        ("que todas las secciones digan quién aprueba", True),
        ("say who approves", False),
        ("fasse dich kurz", False),
    ],
)
def test_a_wish_may_need_every_section_in_any_language(wish: str, *, whole: bool) -> None:
    outline = outline_of(REVIEW.encode())
    assert (allowance(outline, wish) == len(sections_of(outline))) is whole
