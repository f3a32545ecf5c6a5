"""What stands in a brief: all that a checker will demand, and only what speaks of the subject."""

from pathlib import Path
from typing import Any

import pytest

from procauthor import Project
from tests.cli.inside import run, run_json
from tests.conftest import REVIEW, write_library

OUTPUT = "## 6. Output Contract\n\n"
USERS = "## 8. Downstream Dependencies\n\n"
TITLE = "Stock Count Procedure"


def page(
    title: str, *, outputs: str = "", users: str = "", inputs: str = "", trigger: str = "", lifecycle: str = "Feature"
) -> str:
    text = REVIEW.replace("Design Review", title).replace("id: design-review", f"id: {title.lower().replace(' ', '-')}")
    text = text.replace("lifecycle: Feature", f"lifecycle: {lifecycle}")
    for mark, more in (
        (OUTPUT, outputs),
        (USERS, users),
        ("## 2. Trigger\n\n", trigger),
        ("## 3. Required Inputs\n\n", inputs),
    ):
        text = text.replace(mark, mark + more, 1) if more else text
    return text


def brief(root: Path, title: str = TITLE, **options: Any) -> dict[str, Any]:
    return Project.open(root).author("offline").brief(title, lifecycle="Feature", **options).as_json()


@pytest.mark.parametrize("written", ["[Stock Count Procedure](stock.md)", "Stock Count Procedure *(announced)*"])
def test_what_is_promised_to_a_title_without_a_document_makes_a_neighbour(tmp_path: Path, written: str) -> None:
    users = f"- **Shelf Plan** is used by {written}: it says where to look.\n"
    root = write_library(
        tmp_path / "library",
        **{"feature/shelf.md": page("Shelf", outputs="- **Shelf Plan**: it is dated.\n", users=users)},
    )
    if "announced" in written:
        (near,) = [n for n in brief(root)["neighbours"] if n["title"] == "Shelf Procedure"]
        assert (near["relation"], near["promised"]) == ("depends on", ("Shelf Plan",))


def test_what_is_expected_of_a_title_without_a_document_is_told_to_it_and_to_all(tmp_path: Path) -> None:
    inputs = f"- **Count Sheet**: what is there (From: {TITLE} *(announced)*)\n"
    root = write_library(tmp_path / "library", **{"feature/order.md": page("Order Goods", inputs=inputs)})
    (near,) = [n for n in brief(root)["neighbours"] if n["relation"] == "is needed by"]
    assert [want["name"] for want in near["wants"]] == ["Count Sheet"]
    (root / "index.md").write_text((root / "index.md").read_text() + f"| {TITLE} | 5 | Missing |\n")
    promises = {p["title"]: (p["artifacts"], p["announced"]) for p in brief(root, "Shelf Procedure")["promises"]}
    assert promises[TITLE] == (("Count Sheet",), True)
    assert promises["Order Goods Procedure"][1] is False


@pytest.mark.parametrize(
    ("title", "known", "named"),
    [
        ("Stock Count Procedure", "Count Stock Procedure", True),
        ("Count & Stock Procedure", "Yearly Stock and Count Procedure", True),
        ("Stock Count Procedure", "Stock Sale Procedure", False),
        ("Stock Count Procedure", "Fire Drill Procedure", False),
    ],
)
def test_who_may_do_the_same_work_is_named_before_anything_is_drafted(
    tmp_path: Path, title: str, known: str, *, named: bool
) -> None:
    name = known.removesuffix(" Procedure")
    root = write_library(tmp_path / "library", **{"feature/known.md": page(name)})
    assert (known in {n["title"] for n in brief(root, title)["namesakes"]}) == named
    shown = run("-C", root, "create", title, "--lifecycle", "Feature", "--dry-run").stdout
    assert (f"same work? {known!r}" in shown) == named


GIST = "Choose the structure of a feature, and have it examined before work starts."
SHELVES = "Weigh each pallet on the floor scale and note its tare and its supplier."


@pytest.mark.parametrize(
    ("purpose", "named"),
    [
        ("Every pallet is weighed on a floor scale, and supplier and tare are noted.", True),
        ("Weigh each pallet of a new supplier before it is paid.", False),
        ("Note who had the key.", False),
        ("", False),
    ],
)
def test_a_purpose_that_tells_of_the_same_work_names_it_whatever_the_title(
    tmp_path: Path, purpose: str, *, named: bool
) -> None:
    shelf = page("Shelf").replace(GIST, SHELVES)
    root = write_library(tmp_path / "library", **{"feature/shelf.md": shelf})
    told = brief(root, "Goods Inward Procedure", purpose=purpose)["namesakes"]
    assert ("Shelf Procedure" in {each["title"] for each in told}) == named


@pytest.mark.parametrize(
    ("trigger", "named"),
    [
        ("- A customer complains about a delivery, and wants somebody above to decide.\n", True),
        ("- It is noon.\n", False),
    ],
)
def test_title_and_triggers_together_tell_of_the_same_work(tmp_path: Path, trigger: str, *, named: bool) -> None:
    root = write_library(
        tmp_path / "library", **{"feature/support.md": page("Support Escalation", trigger=trigger, lifecycle="Sales")}
    )
    purpose = "A customer who complains has a decision by somebody above."
    told = brief(root, "Customer Escalation Procedure", purpose=purpose)["namesakes"]
    assert [each["title"] for each in told] == (["Support Escalation Procedure"] if named else [])


def test_a_sentence_of_the_user_adds_to_the_brief_and_is_the_purpose_offline(tmp_path: Path) -> None:
    shelf = page("Shelf").replace("Draw every component", "Weigh the pallets on the floor scale, and note the tare")
    root = write_library(tmp_path / "library", **{"feature/shelf.md": shelf})
    purpose = "All pallets are weighed on the floor scale with their tare."
    found = run_json(
        "-C",
        root,
        "create",
        TITLE,
        "--lifecycle",
        "Feature",
        "--purpose",
        purpose,
        "--scope",
        "Cold stores are out.",
        "--dry-run",
    )
    assert found["brief"]["request"]["purpose"] == purpose
    assert "floor scale" in found["brief"]["passages"][0]["text"]
    text = Project.open(root).author("offline").create(TITLE, lifecycle="Feature", purpose=purpose).text
    assert purpose in text


def test_roles_and_registers_that_several_documents_name_are_told(tmp_path: Path) -> None:
    said = "- The floor lead looks into the Pallet Register.\n"
    pages = {f"feature/{n}.md": page(f"Shelf {n}", trigger=said) for n in ("one", "two")}
    found = brief(write_library(tmp_path / "library", **pages))
    assert "floor lead" in found["roles"]
    assert "Pallet Register" in found["registers"]


def test_who_is_near_by_purpose_is_told_with_what_it_takes_and_makes(tmp_path: Path) -> None:
    scale = page("Floor Scale", outputs="- **Weight List**: it is dated.\n", inputs="- **Tare Note**: of each pallet\n")
    card = "## At a Glance\n\n- **Goal:** Nothing of pallets.\n\n## 1. Purpose"
    scale = scale.replace("## 1. Purpose", card).replace("Choose the structure of a feature", "Weigh the pallets")
    others = {f"feature/o{n}.md": page(f"Stock Sale {n}") for n in range(12)}
    root = write_library(tmp_path / "library", **{"other/scale.md": scale, **others})
    near = brief(root, "Stock Weight Procedure", purpose="Pallets are weighed with their tare.")["neighbours"]
    assert len(near) == 7
    (shown,) = [each for each in near if each["path"] == "other/scale.md"]
    assert shown["purpose"].startswith("Weigh the pallets")
    assert "Tare Note" in shown["takes"]
    assert {"name": "Tare Note", "text": "of each pallet"} in shown["lacks"]
    assert {"name": "Weight List", "text": ""} in shown["outputs"]


def test_who_works_with_the_nearest_is_near_too(tmp_path: Path) -> None:
    inputs = "- **Yard Plan**: where it is (From: [Gravel Yard Procedure](../other/yard.md))\n"
    pages = {
        "feature/scale.md": page("Pallet Scale", inputs=inputs),
        "other/yard.md": page("Gravel Yard", outputs="- **Yard Plan**: it is dated.\n", lifecycle="Other"),
        **{f"other/o{n}.md": page(f"Road {n}", lifecycle="Other") for n in range(12)},
    }
    near = brief(write_library(tmp_path / "library", **pages), "Pallet Weight Procedure")["neighbours"]
    assert "Gravel Yard Procedure" in {each["title"] for each in near}


def test_rules_of_standards_fit_the_purpose_and_are_few(tmp_path: Path) -> None:
    root = write_library(tmp_path / "library")
    (root / "standards").mkdir(exist_ok=True)
    for name, subject in (("Pallet", "pallet and scale"), *((each, each) for each in ("Colour", "Fire", "Gate"))):
        rules = "\n".join(
            f"- **{name[:3].upper()}-{n:02} Rule {n}**: Each {subject} MUST be looked at." for n in range(20)
        )
        text = f"---\ntemplate: standard\n---\n\n# {name} Standards\n\n## 1. Purpose\n\nFor {subject}.\n\n## 3. Rules\n\n{rules}\n"
        (root / f"standards/{name.lower()}.md").write_text(text)
    found = brief(root, "Goods Weight Procedure", purpose="Each pallet is weighed on the scale.")["rules"]
    assert [standard["title"] for standard in found] == ["Pallet Standards"]
    assert len(found[0]["rules"]) == 8


def test_a_rule_that_the_nearest_procedures_name_is_told_though_its_words_are_others(tmp_path: Path) -> None:
    scale = page("Pallet Scale").replace("Draw every component", "Weigh the pallets on the scale (YRD-02)")
    root = write_library(tmp_path / "library", **{"feature/scale.md": scale})
    (root / "standards").mkdir(exist_ok=True)
    rules = "- **YRD-01 Gates**: Doors MUST be shut.\n- **YRD-02 Records**: Numbers MUST be kept for a year.\n"
    text = f"---\ntemplate: standard\n---\n\n# Yard Standards\n\n## 1. Purpose\n\nOrder.\n\n## 3. Rules\n\n{rules}"
    (root / "standards/yard.md").write_text(text)
    (found,) = brief(root, "Goods Weight Procedure", purpose="Each pallet is weighed on the scale.")["rules"]
    assert [rule["name"] for rule in found["rules"]] == ["YRD-02 Records"]


@pytest.mark.parametrize(
    ("title", "purpose"),
    [
        ("Sluice Keeping Procedure", "Each crate is counted before it leaves the wharf."),
        ("Crate Count Procedure", ""),
    ],
)
def test_a_rule_that_speaks_of_the_subject_is_told_though_others_are_named_more(
    tmp_path: Path, title: str, purpose: str
) -> None:
    names = " ".join(f"YRD-{n:02}" for n in range(1, 12))
    busy = page("Pallet Scale").replace("Draw every component", f"Weigh the pallets ({names})")
    pages = {f"feature/scale-{n}.md": busy.replace("Pallet Scale", f"Pallet Scale {n}") for n in "abcd"}
    root = write_library(tmp_path / "library", **pages)
    (root / "standards").mkdir(exist_ok=True)
    rules = "".join(f"- **YRD-{n:02} Gate**: Doors MUST be shut.\n" for n in range(1, 12))
    told = "- **YRD-30 Count**: Each crate MUST be counted twice.\n"
    text = (
        f"---\ntemplate: standard\n---\n\n# Yard Standards\n\n## 1. Purpose\n\nOrder.\n\n## 3. Rules\n\n{rules}{told}"
    )
    (root / "standards/yard.md").write_text(text)
    (found,) = brief(root, title, purpose=purpose)["rules"]
    assert "YRD-30 Count" in [rule["name"] for rule in found["rules"]]


def test_a_draft_without_a_model_has_no_sentence_of_its_own(tmp_path: Path) -> None:
    root = write_library(tmp_path / "library")
    made = [Project.open(root).author("offline").create(title, lifecycle="Feature") for title in ("A Sale", "B Count")]
    first, second = (each.text.split("# ", 1)[1].partition("\n")[2].splitlines() for each in made)
    # Nothing is known of either: what both say is the form, and marks.
    said = [line for line in first if line and not line.startswith(("#", "**")) and "TODO" not in line]
    assert first == second
    assert said == ["None."]
    assert all(finding["severity"] != "error" for each in made for finding in each.findings)


def test_the_gaps_of_a_neighbour_are_no_artifacts(tmp_path: Path) -> None:
    root = write_library(tmp_path / "library")
    Project.open(root).author("offline").create("A Sale", lifecycle="Feature").accept()
    told = brief(root, "B Count", depends_on=["A Sale"])
    assert [list(each["outputs"]) for each in told["neighbours"] if each["title"] == "A Sale"] == [[]]
    assert "TODO" not in str(told["promises"])
    draft = Project.open(root).author("offline").create("B Count", lifecycle="Feature", depends_on=["A Sale"])
    assert "delivered TODO" not in draft.text
    assert not any("TODO" in question for question in draft.open_questions)


def test_the_trigger_of_the_request_is_a_trigger_offline(tmp_path: Path) -> None:
    root = write_library(tmp_path / "library")
    draft = Project.open(root).author("offline").create(TITLE, lifecycle="Feature", trigger="A shelf is empty")
    assert "- A shelf is empty.\n" in draft.text
