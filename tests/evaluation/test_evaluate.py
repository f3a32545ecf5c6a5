"""What is counted, and that no number contradicts another."""

import json
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from procauthor import Project
from procauthor.errors import CountError, RevisionError
from procauthor.evaluation.method import percent
from procauthor.evaluation.value import Evaluation, Tally
from procauthor.evaluation.verify import verify
from procauthor.evaluation.view import evaluation_json
from tests.conftest import PLACEHOLDER, REVIEW, SETTINGS, snapshot

OWN = Path(__file__).parents[2] / "procedures"
STATES = ("defined", "approved", "in_progress", "placeholder", "missing", "alias", "deprecated")


def counted(root: Path, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(evaluation_json(Project.open(root).evaluate(**options))))
    return found


def row(found: dict[str, Any], title: str) -> dict[str, Any]:
    (only,) = [d for d in found["documents"] if d["title"] == title]
    return dict(only)


def test_every_state_is_counted_once(root: Path) -> None:
    found = counted(root)
    (feature,) = found["lifecycles"]
    assert {k: feature[k] for k in ("name", "total", "defined", "placeholder", "missing", "in_progress")} == {
        "name": "Feature",
        "total": 3,
        "defined": 1,
        "placeholder": 1,
        "missing": 1,
        "in_progress": 0,
    }
    assert found["total"]["completion"] == round(1 / 3, 6)
    assert found["compliance"] == 1.0
    assert found["broken_references"] == 0
    assert found["section_completeness"] == {"filled": 11, "required": 30, "ratio": round(11 / 30, 6)}
    missing = row(found, "Release Check Procedure")
    assert (missing["path"], missing["status"], missing["announced"]) == (None, "missing", "index.md:11")
    assert len(row(found, "Threat Check Procedure")["sections_missing"]) == 9


def test_our_own_library_is_counted_as_its_index_says() -> None:
    """Count the rows of the index by hand, with nothing but their text."""
    wanted: dict[str, Counter[str]] = {}
    name = ""
    for line in (OWN / "index.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:].removesuffix(" Lifecycle")
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "Procedure":
            wanted.setdefault(name, Counter())[cells[2].lower().replace(" ", "_")] += 1
    found = counted(OWN)
    assert {each["name"]: each["total"] for each in found["lifecycles"]} == {n: c.total() for n, c in wanted.items()}
    for each in found["lifecycles"]:
        assert {state: each[state] for state in STATES} == {state: wanted[each["name"]][state] for state in STATES}
    assert all(claim["holds"] for claim in found["claims"])
    assert len(found["claims"]) == len(wanted)  # each README of a lifecycle states one


def test_a_lost_section_makes_it_unfinished_and_breaks_the_claim(root: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(re.sub(r"## 9\..*?(?=## 10)", "", page.read_text(), flags=re.DOTALL))
    found = counted(root)
    review = row(found, "Design Review Procedure")
    assert (review["declared_status"], review["status"]) == ("defined", "in progress")
    assert review["sections_missing"] == ["9. Definition of Done"]
    assert found["compliance"] == 0.0
    assert [m["title"] for m in found["status_mismatches"]] == ["Design Review Procedure"]
    (claim,) = found["claims"]
    assert (claim["stated"], claim["counted"], claim["holds"]) == ("1 of 2", "0 of 3", False)


def test_an_error_finding_keeps_a_whole_text_from_counting(root: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("(threat-check.md)", "(gone.md)"))
    found = counted(root)
    review = row(found, "Design Review Procedure")
    assert (review["status"], review["text_status"], review["errors"]) == ("in progress", "defined", 1)
    assert found["total"]["defined"] == 0
    assert found["broken_references"] == 1


def test_a_readme_may_count_what_it_lists_where_the_index_announces_more(root: Path) -> None:
    (claim,) = counted(root)["claims"]
    assert (claim["stated"], claim["counted"], claim["holds"]) == ("1 of 2", "1 of 3", True)
    assert claim["note"] == "right for the 2 procedures that this README lists"


def test_a_procedure_that_the_index_does_not_list_counts_all_the_same(root: Path) -> None:
    (root / "feature/second-review.md").write_text(
        REVIEW.replace("design-review", "second-review").replace("# Design Review", "# Second Review")
    )
    found = counted(root)
    assert row(found, "Second Review Procedure")["status"] == "defined"
    assert found["total"]["total"] == 4


def test_alias_and_deprecated_stand_in_the_total_and_not_in_the_denominator(root: Path) -> None:
    for name, extra in (("old", "superseded_by: design-review"), ("other", "alias_of: design-review")):
        text = PLACEHOLDER.replace("id: threat-check", f"id: {name}\n{extra}").replace("Threat Check", name.title())
        (root / f"feature/{name}.md").write_text(text)
    found = counted(root)
    assert (found["total"]["total"], found["total"]["alias"], found["total"]["deprecated"]) == (5, 1, 1)
    assert found["total"]["completion"] == round(1 / 3, 6)


def test_a_page_that_leads_to_where_it_has_moved_is_an_alias(root: Path) -> None:
    (root / "procauthor.toml").write_text(SETTINGS + "\n[conventions.status]\nsignposts = true\n")
    for name, target in (("moved", "https://example.org/blob/main/other/moved.md"), ("kept", "https://example.org/a")):
        (root / f"feature/{name}.md").write_text(f"# {name.title()}\n\nThis has moved to [here]({target}).\n")
    found = counted(root)
    assert (row(found, "Moved")["status"], row(found, "Kept")["status"]) == ("alias", "placeholder")


def test_a_text_with_optional_sections_is_no_placeholder(root: Path) -> None:
    (root / "templates").mkdir()
    form = "# {title}\n\n## Symptoms\n\n{text}\n\n## Checks\n\n<!--\noptional: true\n-->\n\n{text}\n"
    (root / "templates/alert.md").write_text(form)
    (root / "procauthor.toml").write_text('[templates]\n"alerts/*.md" = "alert"\n')
    (root / "alerts").mkdir()
    (root / "alerts/oven.md").write_text("# Oven\n\n## Checks\n\nLook whether the lamp is on.\n")
    assert row(counted(root), "Oven")["status"] == "in progress"


def test_a_lifecycle_without_a_name_of_its_own_is_spelled_as_titles_spell_it(root: Path) -> None:
    (root / "ci-runners").mkdir()
    for name in ("Drain CI Runners", "Clean CI Caches"):
        text = (
            PLACEHOLDER.replace("Threat Check", name)
            .replace("lifecycle: Feature\n", "")
            .replace("id: threat-check\n", "")
        )
        (root / f"ci-runners/{name.split()[0].lower()}.md").write_text(text)
    assert "CI Runners" in [each["name"] for each in counted(root)["lifecycles"]]


def test_one_title_in_two_lifecycles_is_two_procedures(root: Path) -> None:
    index = root / "index.md"
    index.write_text(
        index.read_text() + "\n## Release Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n"
        "| Threat Check Procedure | - | Missing |\n| Rollback Procedure | - | Missing |\n"
        "\n## Data Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n| Rollback Procedure | - | Missing |\n"
    )
    found = counted(root)
    assert [(each["name"], each["total"]) for each in found["lifecycles"]] == [
        ("Feature", 3),
        ("Release", 2),
        ("Data", 1),
    ]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("**Completion:** 1 of 3 defined", True),
        ("Feature: 1/3 defined", True),
        ("33% complete", True),
        ("**Completion:** 33.3%", True),
        ("**Completion:** 100%", False),
        ("2 of 3 procedures are defined", False),
        (
            "| Lifecycle | Total | Defined | Missing | Completion |\n|---|---|---|---|---|\n| Feature | 3 | 1 | 1 | 33% |",
            True,
        ),
        ("| Lifecycle | Total | Defined |\n|---|---|---|\n| Feature Lifecycle | 3 | 2 |", False),
        ("| Lifecycle | Defined |\n|---|---|\n| Feature | 1/3 |\n| **Total** | 1/3 |", True),
        ("1/3 defined (33%)", True),
        ("1/3 defined (50%)", False),
        ("Progress: ███░░░ 33%", True),
        ("1⁄3 done", True),
        ("3 procedures, 1 defined, 1 placeholder and 1 missing", True),
        ("3 procedures, 2 defined", False),
        ("- Defined: 2\n- Missing: 1", False),
        ("**Defined:** 1", True),
    ],
)
def test_claims_are_held_against_the_count(root: Path, text: str, *, holds: bool) -> None:
    (root / "feature/README.md").write_text(f"# Feature Lifecycle\n\n{text}\n")
    claims = counted(root)["claims"]
    assert claims
    assert all(claim["holds"] for claim in claims) is holds


@pytest.mark.parametrize(
    "text",
    [
        "3 of 4 reviewers",
        "rollout at 50%",
        "`4/7 defined`",
        "```\n4/7 defined\n```",
        "95 % of calls",
        "There are 9 missing pages, and 2 defined terms",
        "9 missing",
        "Defined: 2 terms",
    ],
)
def test_other_numbers_are_no_claims(root: Path, text: str) -> None:
    (root / "feature/README.md").write_text(f"# Feature Lifecycle\n\n{text}\n")
    assert counted(root)["claims"] == []


def test_a_remark_behind_a_lifecycle_in_a_heading_does_not_hide_it(root: Path) -> None:
    (root / "index.md").write_text(
        (root / "index.md").read_text() + "\n## Feature Lifecycle (1/3 defined)\n\n33% complete\n"
    )
    assert [(c["scope"], c["text"], c["holds"]) for c in counted(root)["claims"][-2:]] == [
        ("Feature", "1/3 defined", True),
        ("Feature", "33% complete", True),
    ]


def test_the_critical_path_is_the_chain_with_most_left_to_write(big: Path) -> None:
    (course,) = counted(big)["orchestrations"]
    assert len(course["calls"]) == 22
    assert course["critical_path"][0]["title"] == "Requirements & Scope Procedure"
    assert course["critical_path"][-1]["title"] == "Feature Closure Procedure"
    assert "Threat Model Procedure" in course["critical_gaps"]
    places = [call["place"] for call in course["critical_path"]]
    assert places == sorted(places)


def test_reading_writes_nothing(root: Path) -> None:
    before = snapshot(root)
    counted(root)
    assert snapshot(root) == before


# Numbers that contradict each other are not handed on


def spoiled(evaluation: Evaluation) -> list[Evaluation]:
    first = evaluation.lifecycles[0]
    more = Tally(first.tally.total + 1, first.tally.states)
    moved = tuple((s, n + (s == "defined") - (s == "missing")) for s, n in evaluation.total.states)
    return [
        replace(evaluation, rows=evaluation.rows[1:]),
        replace(evaluation, rows=(*evaluation.rows, evaluation.rows[0])),
        replace(evaluation, lifecycles=(replace(first, tally=more), *evaluation.lifecycles[1:])),
        replace(evaluation, lifecycles=evaluation.lifecycles[1:]),
        replace(evaluation, total=Tally(evaluation.total.total, moved)),
        replace(evaluation, compliance=replace(evaluation.compliance, part=99)),
    ]


@pytest.mark.parametrize("which", range(6))
def test_a_number_that_contradicts_another_is_an_error(root: Path, which: int) -> None:
    project = Project.open(root)
    with pytest.raises(CountError):
        verify(spoiled(project.evaluate())[which], project.library())


_BODIES = st.sampled_from(["defined", "lost", "placeholder", "alias", "deprecated", "broken", "bare"])
_DOCUMENTS = st.lists(st.tuples(st.sampled_from(["feature", "api", "x y"]), _BODIES), max_size=8)
_LISTED = st.lists(
    st.tuples(st.sampled_from(["Feature", "API", "Other & More"]), st.integers(0, 9), st.booleans()), max_size=10
)


def text_of(body: str, number: int) -> str:
    text = REVIEW.replace("id: design-review", f"id: p{number}").replace("# Design Review", f"# Number {number}")
    text = text.replace("(threat-check.md)", "(#1-purpose)")
    if body == "lost":
        return re.sub(r"## 9\..*?(?=## 10)", "", text, flags=re.DOTALL)
    if body == "broken":
        return text.replace("(#1-purpose)", "(gone.md)")
    if body == "bare":
        return f"# Number {number} Procedure\n"
    extra = {"placeholder": "status: Placeholder", "alias": "alias_of: p0", "deprecated": "superseded_by: p0"}
    return text.replace("status: Defined", extra[body]) if body in extra else text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=_DOCUMENTS, listed=_LISTED)
def test_rows_sum_to_the_total_whatever_the_library(
    documents: list[tuple[str, str]], listed: list[tuple[str, int, bool]]
) -> None:
    index = ["# Master Procedures Index"]
    for lifecycle, number, linked in listed:
        title = f"Number {number} Procedure"
        cell = f"[{title}](feature/p{number}.md)" if linked else title
        index += ["", f"## {lifecycle} Lifecycle", "", "| Procedure | Status |", "|---|---|", f"| {cell} | Missing |"]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "procauthor.toml").write_text(SETTINGS)
        (root / "index.md").write_text("\n".join(index) + "\n")
        for number, (place, body) in enumerate(documents):
            (root / place).mkdir(exist_ok=True)
            (root / place / f"p{number}.md").write_text(text_of(body, number))
        found = counted(root)
        again = counted(root)
    assert found == again
    total, rows = found["total"], [row for row in found["documents"] if row["counted"]]
    assert total["total"] == len(rows) == sum(each["total"] for each in found["lifecycles"])
    for state in STATES:
        assert total[state] == sum(each[state] for each in found["lifecycles"])
        assert total[state] == sum(r["status"].replace(" ", "_") == state for r in rows)
    paths = [r["path"] for r in rows if r["path"]]
    assert sorted(paths) == sorted(f"{place}/p{number}.md" for number, (place, _) in enumerate(documents))
    bodies = Counter(body for _, body in documents)
    assert total["defined"] == bodies["defined"]
    assert total["in_progress"] == bodies["lost"] + bodies["broken"]
    assert (total["alias"], total["deprecated"]) == (bodies["alias"], bodies["deprecated"])


@given(part=st.integers(0, 3000), more=st.integers(0, 3000))
def test_a_percentage_never_says_all_or_nothing_falsely(part: int, more: int) -> None:
    shown = percent(part / (part + more) if part + more else None)
    assert (shown == "100%") == (part > 0 and more == 0)
    assert (shown == "0%") == (part == 0 and more > 0)


# Trend


def commit(root: Path, message: str) -> None:
    git = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", message], check=True)


def test_a_revision_is_counted_as_it_was_and_the_work_tree_stays(root: Path) -> None:
    commit(root, "one")
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("## 9. Definition of Done", "## 9. Something"))
    (root / "templates").mkdir()
    before = snapshot(root)
    then, now = counted(root, at="HEAD"), counted(root)
    assert (then["total"]["defined"], now["total"]["defined"]) == (1, 0)
    assert then["measured"]["at"] == "HEAD"
    assert now["measured"]["clean"] is False
    assert snapshot(root) == before
    trend = counted(root, since=["HEAD"])["trend"]
    assert [(p["label"], p["total"]["defined"]) for p in trend] == [("HEAD", 1), ("now", 0)]


def test_the_settings_and_templates_of_a_revision_count_for_it(root: Path) -> None:
    (root / "templates").mkdir()
    (root / "templates/short.md").write_text("# {title}\n\n## Purpose\n\nWords.\n")
    (root / "procauthor.toml").write_text('[templates]\n"*/*.md" = "short"\n')
    (root / "feature/threat-check.md").write_text("# Threat Check Procedure\n\n## Purpose\n\nTo find threats.\n")
    commit(root, "short")
    (root / "templates/short.md").unlink()
    (root / "procauthor.toml").write_text(SETTINGS)
    assert row(counted(root, at="HEAD"), "Threat Check Procedure")["sections_required"] == 1
    assert row(counted(root), "Threat Check Procedure")["sections_required"] == 10


@pytest.mark.parametrize("revision", ["no-such", "--output=x", "", " "])
def test_what_is_no_revision_is_said_in_one_sentence(root: Path, revision: str) -> None:
    commit(root, "one")
    with pytest.raises(RevisionError):
        Project.open(root).evaluate(since=[revision])


def test_a_library_without_git_has_no_revision(root: Path) -> None:
    assert counted(root)["measured"]["revision"] == ""
    with pytest.raises(RevisionError):
        Project.open(root).evaluate(at="HEAD")


def test_needs_may_be_given_by_id_and_calls_by_link(root: Path) -> None:
    (root / "feature/threat-check.md").write_text(PLACEHOLDER.replace("Design Review Procedure", "design-review"))
    (root / "feature/way-orchestration.md").write_text(
        "# Way Orchestration\n\n## 4. Phases\n\n1. [one](design-review.md)\n2. [two](threat-check.md)\n"
    )
    (course,) = counted(root)["orchestrations"]
    assert [call["title"] for call in course["calls"]] == ["Design Review Procedure", "Threat Check Procedure"]
    assert [call["title"] for call in course["critical_path"]] == ["Design Review Procedure", "Threat Check Procedure"]
    assert course["critical_gaps"] == ["Threat Check Procedure"]
