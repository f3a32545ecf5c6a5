"""A plan made from the gaps of a library."""

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from procauthor import Project
from procauthor.errors import LibraryError, PlanError
from procauthor.naming import title_key
from procauthor.planning.order import fit
from procauthor.planning.plan import PRIORITIES, Effort, PlanItem
from procauthor.planning.propose import Proposal, propose
from procauthor.planning.write import is_untouched, write_plan
from procauthor.workspace.measure import measure
from tests.conftest import PLACEHOLDER, SETTINGS, snapshot, write_library


def placeholder(title: str, *needs: str, status: str = "Placeholder") -> str:
    text = PLACEHOLDER.replace("Threat Check", title).replace("id: threat-check", f"id: {title_key(title)}")
    listed = "depends_on:\n" + "".join(f"  - {need} Procedure\n" for need in needs) if needs else ""
    return text.replace("depends_on:\n  - Design Review Procedure\n", listed).replace(
        "status: Placeholder", f"status: {status}"
    )


def proposal(root: Path) -> Proposal:
    return Project.open(root).propose_plan()


def numbers(found: Proposal) -> dict[str, int]:
    return {item.title.removesuffix(" Procedure"): item.number for item in found.plan.items}


def require_order(items: tuple[PlanItem, ...]) -> None:
    places = {title_key(item.title): item for item in items}
    for item in items:
        for need in item.depends_on:
            before = places.get(title_key(need.title))
            assert before is None or (before.number < item.number and before.priority <= item.priority)


def test_what_waits_decides_the_order_and_every_item_says_why(root: Path) -> None:
    found = proposal(root)
    assert numbers(found) == {"Threat Check": 1, "Release Check": 2}
    first, second = found.plan.items
    # The dependency of a title without a document is known from the present plan.
    assert [d.title for d in second.depends_on] == ["Threat Check Procedure"]
    assert "It comes before Release Check Procedure, which is not finished either." in first.why
    assert "It is one of the last 2 gaps in Feature." in second.why
    assert second.why.endswith("The index lists it after Threat Check Procedure.")


def test_a_begun_text_says_what_it_lacks(root: Path) -> None:
    path = root / "feature" / "design-review.md"
    path.write_text(path.read_text() + "\n## Notes\n\nTODO: ask Ida.\n")
    line = path.read_text().splitlines().index("TODO: ask Ida.") + 1
    item = next(item for item in proposal(root).plan.items if item.title == "Design Review Procedure")
    assert "Notes is still to be finished: ask Ida." in item.why
    assert item.actions[0].text == f"Finish Notes (line {line}): ask Ida"
    assert item.effort_hours == Effort(0.5, 1)


def test_the_gaps_of_a_library_make_a_plan_that_reads_back_the_same(big: Path) -> None:
    project = Project.open(big)
    found = project.propose_plan()
    project.apply(project.plan_change(found, big / "action-plan.md"))
    back = project.plan()
    assert [p.message for p in back.problems] == []
    assert back.unread == ()
    assert back.order == found.plan.order
    assert [(i.number, i.title, i.priority, i.lifecycle, i.phase, i.status, i.effort_hours) for i in back.items] == [
        (i.number, i.title, i.priority, i.lifecycle, i.phase, i.status, i.effort_hours) for i in found.plan.items
    ]
    assert [[(d.title, d.hard) for d in i.depends_on] for i in back.items] == [
        [(d.title, d.hard) for d in i.depends_on] for i in found.plan.items
    ]
    assert [i.blocks for i in back.items] == [i.blocks for i in found.plan.items]
    assert [i.why for i in back.items] == [i.why for i in found.plan.items]
    assert "The text is in `feature/threat-model.md`." in (big / "action-plan.md").read_text(encoding="utf-8")
    assert sum(g.count for g in back.groups) + len(back.items) == 119
    assert back.items[0].title == "Threat Model Procedure"
    require_order(back.items)
    metrics = {m.name: (m.target, m.base) for m in back.metrics}
    urgent = sum(item.priority in ("P0", "P1") for item in back.items)
    assert metrics["Overall"] == (round(100 * (19 + urgent) / 138, 1), 13.8)
    # The plan that procauthor wrote is a fixed point, and the library stays clean.
    assert not project.plan_change(project.propose_plan())
    assert project.check().count("error") == 0
    assert all(edit.quiet for edit in project.sync().edits)


def test_a_plan_of_a_person_is_replaced_only_by_name(root: Path) -> None:
    project = Project.open(root)
    before = snapshot(root)
    found = project.propose_plan()
    with pytest.raises(PlanError, match="words of a person"):
        project.plan_change(found)
    with pytest.raises(LibraryError, match="outside"):
        project.plan_change(found, root.parent / "plan.md")
    assert snapshot(root) == before
    project.apply(project.plan_change(found, "action-plan.md"))
    plan = root / "action-plan.md"
    assert is_untouched(plan.read_bytes())
    plan.write_bytes(plan.read_bytes().replace(b"- [ ] ", b"- [x] ", 1))
    assert not is_untouched(plan.read_bytes())
    with pytest.raises(PlanError):
        project.plan_change(found)


def test_a_circle_is_named_and_still_ordered(tmp_path: Path) -> None:
    root = write_library(
        tmp_path,
        **{"feature/a.md": placeholder("Alpha", "Beta"), "feature/b.md": placeholder("Beta", "Alpha")},
    )
    found = proposal(root)
    assert any("circle" in problem.message for problem in found.plan.problems)
    assert {"Alpha", "Beta"} <= set(numbers(found))
    require_order(found.plan.items)
    write_plan(found)


def test_settings_change_what_is_urgent(root: Path) -> None:
    (root / "procauthor.toml").write_text(SETTINGS + "\n[plan]\np0 = 0\nhours_min = 8\nhours_max = 12\n")
    items = proposal(root).plan.items
    assert {item.priority for item in items} == {"P0"}
    assert {(i.effort_hours.min, i.effort_hours.max) for i in items if i.effort_hours} == {(8, 12)}


def test_a_link_to_the_plan_that_is_to_be_written_is_no_gap(root: Path) -> None:
    guide = root / "feature" / "design-review.md"
    guide.write_text(guide.read_text() + "\nSee the [plan](../action-plan.md).\n")
    (root / "action-plan.md").unlink(missing_ok=True)
    assert "Design Review" not in numbers(proposal(root))


def test_nothing_left_to_write_is_no_plan(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n")
    with pytest.raises(PlanError, match="nothing is left"):
        Project.open(tmp_path).plan_change(proposal(tmp_path), tmp_path / "p.md")


@pytest.mark.parametrize("seed", range(6))
def test_any_library_gives_a_plan_in_order_whatever_the_order_of_its_rows(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"{word} {kind}" for word in ("Red", "Green, Blue", "Merge / Squash", "R&D") for kind in ("Plan", "Check")]
    chance.shuffle(names)
    files = {
        f"part-{n % 3}/p{n}.md": placeholder(
            name,
            *chance.sample(names[:n], min(n, chance.randrange(3))),
            status=chance.choice(["Placeholder", "Defined"]),
        )
        for n, name in enumerate(names)
    }
    project = Project.open(write_library(tmp_path, **files))
    evaluation, survey = measure(project.workspace)
    found = propose(survey, evaluation, project.plan())
    require_order(found.plan.items)
    raw = write_plan(found)
    for _ in range(3):
        rows = list(evaluation.rows)
        chance.shuffle(rows)
        shuffled = replace(evaluation, rows=tuple(rows))
        again = propose(survey, shuffled, project.plan())
        assert [i.title for i in again.plan.items] == [i.title for i in found.plan.items]
    assert write_plan(propose(survey, evaluation, project.plan())) == raw
    ranks = [PRIORITIES.index(item.priority) for item in found.plan.items]
    assert ranks == sorted(ranks)


def test_where_nothing_speaks_for_a_gap_each_is_an_item(tmp_path: Path) -> None:
    rows = "".join(f"| Number {n} Procedure | Missing |\n" for n in range(3))
    (tmp_path / "index.md").write_text(f"# Index\n\n## Data Lifecycle\n\n| Procedure | Status |\n|---|---|\n{rows}")
    found = proposal(tmp_path)
    assert [item.priority for item in found.plan.items] == ["P3"] * 3
    write_plan(found)


# What fits into some hours


@pytest.mark.parametrize(("hours", "titles"), [(2, []), (3, ["Threat Check"]), (5, ["Threat Check", "Release Check"])])
def test_what_fits_is_chosen_in_order(root: Path, hours: float, titles: list[str]) -> None:
    plan = Project.open(root).plan()
    chosen, _ = fit(plan, hours)
    assert [item.title.removesuffix(" Procedure") for item in chosen] == titles
    assert sum(item.effort_hours.max for item in chosen if item.effort_hours) <= hours


def test_an_item_is_not_chosen_before_what_it_waits_for(root: Path) -> None:
    plan = root / "action-plan.md"
    plan.write_text(plan.read_text().replace("2-3 hours", "20-30 hours"))
    read = Project.open(root).plan()
    assert fit(read, 6)[0] == []
    plan.write_text(plan.read_text().replace("**Estimated Effort:** 20-30 hours\n", ""))
    read = Project.open(root).plan()
    assert fit(read, 6)[1] == [1]


def test_a_finished_text_with_an_error_comes_last_and_nobody_waits_for_it(root: Path) -> None:
    path = root / "feature/design-review.md"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n![map](missing.png)\n", encoding="utf-8")
    items = proposal(root).plan.items
    assert [item.title for item in items][-1] == "Design Review Procedure"
    assert items[-1].priority == "P3"
    assert not [need for item in items for need in item.depends_on if need.title == "Design Review Procedure"]


LEFT = """
## Oven

TODO

### TODO

- Buy a new oven.

## Salt

TODO: weigh the salt
The scale is old (TBD)

## Jam

TODO: weigh the salt
"""


def test_an_unfinished_place_is_named_with_what_it_asks_for(root: Path) -> None:
    path = root / "feature/design-review.md"
    path.write_text(path.read_text(encoding="utf-8") + LEFT, encoding="utf-8")
    first = path.read_text(encoding="utf-8").splitlines().index("## Oven") + 1
    item = next(item for item in proposal(root).plan.items if item.title == "Design Review Procedure")
    assert [action.text for action in item.actions][:4] == [
        f"Finish Oven (line {first + 2})",
        f"Finish line {first + 4}: Buy a new oven",
        f"Finish Salt and Jam (lines {first + 10} and {first + 15}): weigh the salt",
        f'Finish Salt (line {first + 11}): "The scale is old TBD"',
    ]


def test_a_listed_question_is_something_to_be_settled(root: Path) -> None:
    path = root / "feature/design-review.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("---\n", "---\nopen_questions:\n  - Who signs the record?\n", 1), encoding="utf-8")
    item = next(item for item in proposal(root).plan.items if item.title == "Design Review Procedure")
    assert [action.text for action in item.actions] == ["Finish line 3: Who signs the record?"]


def test_texts_that_each_ask_for_something_are_items_of_their_own(root: Path) -> None:
    whole = (root / "feature/design-review.md").read_text(encoding="utf-8")
    for name in ("Oven Check", "Salt Check", "Jam Check"):
        text = whole.replace("Design Review", name).replace("design-review", title_key(name).replace(" ", "-"))
        path = root / f"feature/{title_key(name).replace(' ', '-')}.md"
        path.write_text(f"{text}\n## Notes\n\nTODO: ask the {name.split()[0]}\n", encoding="utf-8")
    assert {"Oven Check", "Salt Check", "Jam Check"} <= set(numbers(proposal(root)))


@pytest.mark.parametrize(
    ("settings", "heading"),
    [("", "## 9. Definition of Done and Its Proof"), ('\n[rules]\nmissing-section = "info"\n', "## 9. Proof")],
)
def test_a_text_that_lacks_no_more_than_a_heading_is_no_item(root: Path, settings: str, heading: str) -> None:
    (root / "procauthor.toml").write_text(SETTINGS + settings, encoding="utf-8")
    path = root / "feature/design-review.md"
    path.write_text(path.read_text(encoding="utf-8").replace("## 9. Definition of Done", heading), encoding="utf-8")
    found = proposal(root)
    assert "Design Review" not in numbers(found)
    assert found.left_out == ("1 written text without some of the usual headings: Design Review Procedure",)


def test_places_under_many_headings_are_told_by_their_lines(root: Path) -> None:
    path = root / "feature/design-review.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n## Oven\n\nTODO\n\n## Salt\n\nTODO\n\n## Jam\n\nTODO\n", encoding="utf-8")
    first = path.read_text(encoding="utf-8").splitlines().index("## Oven") + 3
    item = next(item for item in proposal(root).plan.items if item.title == "Design Review Procedure")
    assert "3 places in it are still to be finished, such as 'Oven'." in item.why
    assert item.actions[0].text == f"Finish lines {first}, {first + 4} and {first + 8}"


def test_a_text_that_says_of_itself_that_it_is_not_finished_comes_before_one_with_open_places(root: Path) -> None:
    whole = (root / "feature/design-review.md").read_text(encoding="utf-8")
    for name, said in (("Jam Check", "\n## Notes\n\nTODO: ask Ida\n"), ("Salt Check", "")):
        text = whole.replace("Design Review", name).replace("design-review", title_key(name).replace(" ", "-"))
        text = text if said else text.replace("status: Defined", "status: Draft").replace("## 2. ", "## 2. Old ")
        (root / f"feature/{title_key(name).replace(' ', '-')}.md").write_text(text + said, encoding="utf-8")
    found = numbers(proposal(root))
    assert found["Salt Check"] < found["Jam Check"]


def test_a_heading_without_a_template_is_written_in_the_form_of_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "oven").mkdir()
    (tmp_path / "oven/salt.md").write_text("# Salt Check\n\nWeigh the salt, and write it down.\n")
    (tmp_path / "oven/jam.md").write_text("# Jam Check\n")
    (tmp_path / "procauthor.toml").write_text('[conventions]\nprocedures = ["oven/*.md"]\n')
    items = proposal(tmp_path).plan.items
    assert [[action.text for action in item.actions] for item in items] == [["Write it in the form of Salt Check"]]


def test_what_lacks_more_of_its_sections_comes_first(root: Path) -> None:
    whole = (root / "feature/design-review.md").read_text(encoding="utf-8")
    for name, parts in (("Oven Check", ("## 2.",)), ("Salt Check", ("## 2.", "## 7.", "## 9."))):
        text = whole.replace("Design Review", name).replace("design-review", title_key(name).replace(" ", "-"))
        for part in parts:
            start = text.index(part)
            text = text[:start] + text[text.index("\n## ", start) + 1 :]
        (root / f"feature/{title_key(name).replace(' ', '-')}.md").write_text(text, encoding="utf-8")
    found = numbers(proposal(root))
    assert found["Salt Check"] < found["Oven Check"]


def test_a_proposal_waits_for_a_decision_behind_all_that_is_to_be_written(root: Path) -> None:
    path = root / "feature/design-review.md"
    path.write_text(path.read_text(encoding="utf-8").replace("status: Defined", "status: Proposed"), encoding="utf-8")
    project = Project.open(root)
    found = project.propose_plan()
    assert found.plan.items[-1].why.endswith("It is proposed, and waits for a decision.")
    project.apply(project.plan_change(found, "action-plan.md"))
    assert project.plan().items[-1].status == "proposed"


@pytest.mark.parametrize(
    ("text", "why"), [("", "It is a heading without a text."), ("Ask *Ida*.", "It says no more than 'Ask Ida.'.")]
)
def test_a_placeholder_that_says_next_to_nothing_says_so(root: Path, text: str, why: str) -> None:
    (root / "feature/oven-check.md").write_text(f"# Oven Check\n\n{text}\n", encoding="utf-8")
    item = next(item for item in proposal(root).plan.items if item.title == "Oven Check")
    assert item.status == "placeholder"
    assert why in item.why


def test_the_guidance_of_a_template_is_no_reason(root: Path) -> None:
    said = "Say in one sentence what the reader has in hand afterwards."
    form = f"# {{title}}\n\n## Purpose\n\n<!--\n{said}\n-->\n\n{{text}}\n\n## Steps\n\n{{text}}\n"
    (root / "templates").mkdir()
    (root / "templates/note.md").write_text(form, encoding="utf-8")
    (root / "procauthor.toml").write_text('[templates]\n"notes/*.md" = "note"\n' + SETTINGS.split("\n", 1)[1])
    (root / "notes").mkdir()
    (root / "notes/oven.md").write_text(f"# Oven\n\n## Purpose\n\n{said}\n\n## Steps\n\nTODO: ask Ida\n")
    item = next(item for item in proposal(root).plan.items if item.title == "Oven")
    assert "in hand afterwards" not in item.why


def test_a_missing_text_begins_with_what_its_neighbour_makes(root: Path) -> None:
    plan = root / "action-plan.md"
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace("Threat Check Procedure (", "Design Review Procedure ("), encoding="utf-8")
    item = next(item for item in proposal(root).plan.items if item.title == "Release Check Procedure")
    assert any(a.text.startswith("Begin with what Design Review Procedure makes: ") for a in item.actions)


def test_what_several_placeholders_say_of_their_purpose_is_no_reason(root: Path) -> None:
    for name in ("Oven Check", "Salt Check"):
        (root / f"feature/{title_key(name).replace(' ', '-')}.md").write_text(placeholder(name), encoding="utf-8")
    reasons = {item.title: item.why for item in proposal(root).plan.items}
    assert "hreat" not in reasons["Oven Check Procedure"]
