"""Ticking one procedure changes tick bytes and nothing else."""

import pytest

from procauthor.planning.read import read_plan
from procauthor.planning.tick import left_open, tick

TEXT = """# Plan

### 1. Define Dough Procedure
**Priority:** P0
**Status:** Missing

- [ ] Weigh [ ] the flour
- [x] Knead
  - [ ] twice

### 2. Define Crust Procedure
**Priority:** P0

- [ ] Bake the Dough Procedure's result

### 3-4. Define Cake Procedures
**Priority:** P2
**Procedures:**
- [ ] Icing Procedure
- [ ] Candle Procedure

**Action Items:**
- [ ] Agree on a cake

### 5. Define Steam Procedure
**Priority:** P2

**Action Items:**
- ❌ Boil
- 🔄 Pour

## Next Session Goals
- [ ] Dough Procedure - Define
- [ ] Crust Procedure - Define
- ❌ Steam Procedure
"""
ENCODINGS = {
    "LF": TEXT.encode(),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "BOM": b"\xef\xbb\xbf" + TEXT.encode(),
}


@pytest.fixture(params=ENCODINGS.values(), ids=ENCODINGS.keys())
def raw(request):
    return request.param


def changed(before, after):
    pairs = zip(before.decode("utf-8-sig").splitlines(), after.decode("utf-8-sig").splitlines(), strict=True)
    return [new for old, new in pairs if old != new]


def test_the_goal_of_one_procedure_is_ticked_and_no_action_item(raw):
    after = tick(raw, read_plan(raw), "dough")
    assert changed(raw, after) == ["- [x] Dough Procedure - Define"]


OTHERS = """
Update Dough Procedure: add a rest|Revise the Dough Procedure|Review the Dough Procedure|Rework Dough Procedure|Refresh the Dough Procedure
Approve the Dough Procedure|Sign off the Dough Procedure|Get sign-off for the Dough Procedure|Publish the Dough Procedure
Train the bakers on the Dough Procedure|Pilot Dough Procedure in two shops|Test the Dough Procedure|Roll out the Dough Procedure
Audit the Dough Procedure|Translate the Dough Procedure|Retire the Dough Procedure|Deprecate Dough Procedure|Replace the Dough Procedure
Split the Dough Procedure in two|Merge Dough Procedure into Crust Procedure|Rename Dough Procedure|Move the Dough Procedure to baking
Dough Procedure (PR)|Dough Procedure - Legal Edition|Dough Procedure for Rye|Rye Dough Procedure|Dough Procedure v2|Dough Procedure Training
Ask Ida whether the Dough Procedure is needed|Discuss Dough Procedure with legal|Announce the Dough Procedure|Present the Dough Procedure
Link the Dough Procedure from the index|Add a picture to the Dough Procedure|Add examples to Dough Procedure|Fix typos in the Dough Procedure
Fix the Dough Procedure|Extend the Dough Procedure|Improve Dough Procedure|Simplify the Dough Procedure|Shorten the Dough Procedure
Create a checklist for the Dough Procedure|Write tests for the Dough Procedure|Define metrics of the Dough Procedure
Define owners for the Dough Procedure|Write a summary of the Dough Procedure|Create Dough Procedure training|Document Dough Procedure exceptions
Check the Dough Procedure|Proofread the Dough Procedure|Validate Dough Procedure with the night shift|Measure the Dough Procedure
Schedule the yearly review of the Dough Procedure|Assign an owner to the Dough Procedure|Archive the Dough Procedure|Print the Dough Procedure
Update "Dough" Procedure|Use the Dough Procedure in every shop|Follow the Dough Procedure|Automate the Dough Procedure
Dough Procedure überarbeiten|Dough Procedure genehmigen|Mettre à jour la Dough Procedure|Revisar la Dough Procedure|Atualizar a Dough Procedure
Dough Procedure: approved|Dough Procedure - published|Dough Procedure (cancelled)|Dough Procedure (review, 2 h)|Dough Procedure (needs legal review)
Dough Procedure needs a picture|Dough Procedure requires DPO approval|Dough Procedure - waits for a rewrite of step 4|Implement the Dough Procedure
~~Define Dough Procedure~~|~~Dough Procedure~~ (dropped)
Complete the review of the Dough Procedure|Finish Dough Procedure rollout|Add the Dough Procedure to the onboarding|Draft changes to Dough Procedure
Write the Dough Procedure?|New Dough Procedure|Define [[Dough Procedure]] again|Dough Procedure 2.0|No Dough Procedure|Dough Procedure nicht schreiben|Dough Procedureを更新する|<del>Define Dough Procedure</del>
"""


@pytest.mark.parametrize("line", OTHERS.strip().replace("\n", "|").split("|"))
def test_what_a_finished_procedure_does_not_prove_is_not_ticked(line):
    raw = f"# Plan\n\n## P0\n\n- [ ] {line}\n- [ ] Define Crust Procedure\n".encode()
    assert tick(raw, read_plan(raw), "Dough Procedure") == raw
    struck = line.startswith("~~")
    assert struck or not any(item.done for item in read_plan(raw, known={"dough": "defined"}).items)


@pytest.mark.parametrize(
    "line",
    [
        "Dough Procedure",
        "Define the Dough Procedure",
        "1. Dough Procedure (2 h)",
        "**Dough Procedure** — depends on #2",
        "Dough Procedure, needs Crust Procedure",
        "Define Dough Procedure (waits for Flour Procedure)",
        "Define Dough Procedure (P1, 2-3 h, phase 2)",
        "Rédiger la Dough Procedure",
        "Definiere Dough Procedure",
        "Dough Procedure schreiben",
        "Dough Procedureを作成する",
        "Написать Dough Procedure",
        "编写 Dough Procedure",
        "Dough Procedure must be written",
    ],
)
def test_what_asks_for_the_procedure_is_ticked(line):
    raw = f"# Plan\n\n## P0\n\n- [ ] {line}\n- [ ] Define Crust Procedure\n".encode()
    assert tick(raw, read_plan(raw), "Dough Procedure") == raw.replace(b"[ ]", b"[x]", 1)


def test_only_letters_between_brackets_differ(raw):
    after = tick(raw, read_plan(raw), "Dough Procedure")
    differing = [place for place, pair in enumerate(zip(raw, after, strict=True)) if pair[0] != pair[1]]
    assert {after[place - 1 : place + 2] for place in differing} == {b"[x]"}


def test_ticking_twice_changes_nothing_more_even_with_the_old_plan(raw):
    plan = read_plan(raw)
    for title in ("Dough Procedure", "Steam Procedure"):
        once = tick(raw, plan, title)
        assert tick(once, plan, title) == once == tick(once, read_plan(once), title)


def test_of_a_range_only_the_line_of_the_procedure_is_ticked(raw):
    assert changed(raw, tick(raw, read_plan(raw), "Icing Procedure")) == ["- [x] Icing Procedure"]


@pytest.mark.parametrize("line", ["Update Icing Procedure", "Icing Procedure: review", "~~Icing Procedure~~"])
def test_of_a_range_only_a_line_that_asks_for_the_procedure_is_ticked(line):
    raw = TEXT.replace("- [ ] Icing Procedure", f"- [ ] {line}").encode()
    assert tick(raw, read_plan(raw), "Icing Procedure") == raw


def test_a_session_goal_that_is_no_item_is_ticked(raw):
    raw += b"- [ ] Write Tea Procedure\n- [ ] Update Salt Procedure\n"
    assert changed(raw, tick(raw, read_plan(raw), "Tea Procedure", "Salt Procedure")) == ["- [x] Write Tea Procedure"]


def test_signs_become_the_sign_for_done(raw):
    after = tick(raw, read_plan(raw), "Steam Procedure")
    assert changed(raw, after) == ["- ✅ Steam Procedure"]


def test_a_title_that_begins_with_a_verb_is_ticked(raw):
    raw += b"- [ ] Update Management Procedure\n- [ ] Review Management Procedure\n"
    after = tick(raw, read_plan(raw), "Update Management Procedure", "Management Procedure")
    assert changed(raw, after) == ["- [x] Update Management Procedure"]


@pytest.mark.parametrize(
    ("line", "titles"),
    [
        ("Update Dough Procedure", ("Dough Procedure",)),
        ("Dough Procedure - approved by legal", ("Dough Procedure",)),
        ("Split Dough Procedure into Crust Procedure and Icing", ("Dough Procedure", "Crust Procedure")),
        ("Define Dough Procedure or Crust Procedure", ("Dough Procedure", "Crust Procedure")),
        ("Define Dough Procedure", ()),
        ("Define Steam Procedure, like Dough Procedure", ()),
        ("Define Rye Dough Procedure", ()),
        ("Use the new oven", ()),
    ],
)
def test_an_open_line_that_names_finished_documents_alone_is_said(line, titles):
    plan = read_plan(f"# Plan\n\n## P0\n\n- [ ] {line}\n- [x] Update Dough Procedure\n".encode())
    finished = dict.fromkeys(("Dough Procedure", "Crust Procedure"), True)
    left = left_open(plan, finished | dict.fromkeys(("Steam Procedure", "Rye Dough Procedure"), False))
    assert [(each.line, each.titles) for each in left] == ([(5, titles)] if titles else [])


def test_a_procedure_that_the_plan_does_not_name_changes_nothing(raw):
    assert tick(raw, read_plan(raw), "Tea Procedure") == raw


def test_a_ticked_procedure_counts_as_done_and_leaves_the_next_session(raw):
    after = read_plan(tick(raw, read_plan(raw), "Dough Procedure"), known={"dough": "defined"})
    assert after.items[0].done
    assert after.next == (2, 5)
