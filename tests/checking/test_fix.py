"""Fixes: certain, within their spans, and done after one run."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor.checking.fix import apply_fixes
from procauthor.errors import ConflictError
from procauthor.finding import Finding, FixEdit
from procauthor.project import Project
from tests.cli.inside import run
from tests.conftest import FILES, snapshot, write_library

Files = dict[str, str]
REVIEW = "feature/design-review.md"


def change(path: str, before: str, after: str) -> Callable[[Files], None]:
    def defect(files: Files) -> None:
        assert before in files[path]
        files[path] = files[path].replace(before, after)

    return defect


def accents(files: Files) -> None:
    """A document whose name has its accents apart, and links to it that have them composed."""
    files["feature/pru\u0308fung.md"] = THREAT.replace("threat-check", "prufung").replace("Threat Check", "Pr\xfcfung")
    change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\n[x](pr\xfcfung.md#2-trigger) [y](<pr%C3%BCfung.md>)\n")(files)


THREAT = (
    FILES[REVIEW]
    .replace("design-review", "threat-check")
    .replace("# Design Review Procedure", "# Threat Check Procedure")
    .replace("Component Diagram", "Threat List")
    .replace("[Threat Check Procedure](threat-check.md)", "[Design Review Procedure](design-review.md)")
)
# What is wrong, the rule that says so, and whether the fix is certain.
DEFECTS: dict[str, tuple[str, Callable[[Files], None]]] = {
    "a gap between steps": ("step-number-gap", change(REVIEW, "### Step 3: Publish", "### Step 4: Publish")),
    "a step number twice": (
        "step-number-gap",
        change(REVIEW, "## 6. Output", "### Step 3: File\n\nWords.\n\n## 6. Output"),
    ),
    "a bare name": (
        "unlinked-name",
        change(REVIEW, "a feature, and have", "a feature (éè: Threat Check Procedure), and have"),
    ),
    "another case": (
        "broken-link",
        change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\n[x](THREAT-check.md#2-trigger)\n"),
    ),
    "another form of accents": ("broken-link", accents),
    "no ending": (
        "broken-link",
        change(REVIEW, "## 2. Trigger\n", '## 2. Trigger\n\n- ![é](</feature/threat-check> "(t)")\n'),
    ),
    "a file that moved": (
        "broken-link",
        change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\nSee [Threat Check Procedure](../old/threat-check.md).\n"),
    ),
    "an anchor in another case": (
        "broken-anchor",
        change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\n[x](threat-check.md#2-TRIGGER)\n"),
    ),
    "a wrong status": ("index-status-mismatch", change("index.md", "| 1 | Defined |", "| 1 | Placeholder |")),
    "a padded wrong status": (
        "index-status-mismatch",
        change("feature/README.md", "| 1 | Defined |", "| 1 | In progress   |"),
    ),
    "no row": (
        "index-missing-entry",
        change("index.md", "| [Design Review Procedure](feature/design-review.md) | 1 | Defined |\n", ""),
    ),
    "two rows lost": (
        "index-missing-entry",
        change("index.md", "".join(FILES["index.md"].splitlines(keepends=True)[8:10]), ""),
    ),
}
UNCERTAIN = {
    "steps out of order": ("step-number-gap", change(REVIEW, "### Step 3: Publish", "### Step 1: Publish")),
    "a number twice that is referred to": (
        "step-number-gap",
        change(REVIEW, "### Step 3: Publish", "### Step 2: Publish"),
    ),
    "a step that is referred to": (
        "step-number-gap",
        change(REVIEW, "### Step 2: Decide", "### Step 3: Decide"),
    ),
    "a name within emphasis": (
        "unlinked-name",
        change(REVIEW, "a feature, and have", "a feature (Threat *Check* Procedure), and"),
    ),
    **{
        f"a name in {text}": ("unlinked-name", change(REVIEW, "a feature, and have", f"a feature ({text}), and have"))
        for text in (
            "[[Threat Check Procedure]]",
            "{{ Threat Check Procedure }}",
            "{% see Threat Check Procedure %}",
            "!Threat Check Procedure",
        )
    },
    "nothing like it": ("broken-link", change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\n[x](gone.md)\n")),
    "a title with another file name": (
        "broken-link",
        change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\nSee [Threat Check Procedure](../old/threats.md).\n"),
    ),
    "a file name with another text": (
        "broken-link",
        change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\nSee [the list](../old/threat-check.md).\n"),
    ),
    "a reference link": (
        "broken-link",
        change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\n[x][r]\n\n[r]: THREAT-check.md\n"),
    ),
    "another anchor": (
        "broken-anchor",
        change(REVIEW, "## 2. Trigger\n", "## 2. Trigger\n\n[x](threat-check.md#triggers)\n"),
    ),
}


def library(folder: Path, defects: list[Callable[[Files], None]], form: Callable[[str], bytes] = str.encode) -> Project:
    files = FILES | {"feature/threat-check.md": THREAT}
    for defect in defects:
        defect(files)
    write_library(folder)
    for path, text in files.items():
        (folder / path).write_bytes(form(text) if path.endswith(".md") else text.encode())
    return Project.open(folder)


@pytest.mark.parametrize("name", DEFECTS)
def test_what_is_certain_is_fixed(tmp_path: Path, name: str) -> None:
    rule, defect = DEFECTS[name]
    project = library(tmp_path, [defect])
    found = project.check(select=[rule])
    assert found.findings
    assert all(f.fixable for f in found.findings)
    change, after = project.fix(select=[rule])
    assert after.findings == ()
    assert after.fixed == len(found.findings)
    project.apply(change)
    assert project.check(select=[rule]).findings == ()


@pytest.mark.parametrize("name", UNCERTAIN)
def test_what_is_not_certain_is_left(tmp_path: Path, name: str) -> None:
    rule, defect = UNCERTAIN[name]
    project = library(tmp_path, [defect])
    found = project.check(select=[rule])
    assert found.findings
    assert not any(f.fixable for f in found.findings)
    assert not project.fix(select=[rule])[0]


def test_the_fixes_are_what_a_person_would_write(tmp_path: Path) -> None:
    chosen = (
        "a gap between steps",
        "a bare name",
        "another case",
        "an anchor in another case",
        "no ending",
        "a file that moved",
    )
    project = library(tmp_path, [DEFECTS[name][1] for name in chosen])
    project.apply(project.fix()[0])
    text = (tmp_path / REVIEW).read_text()
    assert "### Step 3: Publish" in text
    assert "a feature (éè: [Threat Check Procedure](threat-check.md)), and" in text
    assert "\n[x](threat-check.md#2-trigger)\n" in text
    assert text.count("[x](threat-check.md#2-trigger)") == 2
    assert '- ![é](</feature/threat-check.md> "(t)")\n' in text
    assert "See [Threat Check Procedure](threat-check.md)." in text


FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no final newline": lambda text: text.rstrip("\n").encode(),
    "all": lambda text: b"\xef\xbb\xbf" + text.rstrip("\n").replace("\n", "\r\n").encode(),
}


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(sorted(DEFECTS)), min_size=1, max_size=5), st.sampled_from(sorted(FORMS)))
def test_fixing_touches_its_spans_only_and_a_second_run_fixes_nothing(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], form: str
) -> None:
    chosen = sorted(names - ({"no row", "a wrong status"} if "two rows lost" in names else set()))
    if "a wrong status" in chosen and "no row" in chosen:
        chosen.remove("no row")
    if "a gap between steps" in chosen and "a step number twice" in chosen:
        chosen.remove("a step number twice")
    project = library(tmp_path_factory.mktemp("fix"), [DEFECTS[name][1] for name in chosen], FORMS[form])
    here = project.library()
    for finding in (f for f in project.check().findings if f.fix):
        check_spans(here.by_path, finding)
        only = apply_fixes(here, [finding])
        assert only.findings == (finding,)
        for path, after in only.files.items():
            check_rest(here.by_path[path].document.source.raw, after, [e for e in finding.fix if e.path == path])
    change, report = project.fix()
    assert report.fixed
    assert not any(f.fixable for f in report.findings)
    for edit in change.edits:
        # A fix adds no line end of another kind and loses no mark at the start.
        assert (b"\r\n" in edit.before) == (b"\r\n" in edit.after)
        assert edit.after.count(b"\r\n") == (edit.after.count(b"\n") if b"\r\n" in edit.before else 0)
        assert edit.before[:3] == edit.after[:3]
        assert edit.before.endswith(b"\n") == edit.after.endswith(b"\n")
    project.apply(change)
    assert project.fix()[0].edits == ()


def check_spans(documents: dict[str, object], finding: Finding) -> None:
    """An edit of the document itself stands in the line of the finding, or, where steps are renumbered, below it."""
    assert finding.fix
    for edit in finding.fix:
        source = documents[edit.path].document.source
        assert 0 <= edit.start <= edit.end <= len(source.raw)
        if finding.rule == "step-number-gap":
            assert source.line(edit.start) >= finding.line
        elif edit.path == finding.path:
            assert source.line(edit.start) == source.line(edit.end) == finding.line


def check_rest(before: bytes, after: bytes, edits: list[FixEdit]) -> None:
    position = shift = 0
    for edit in sorted(edits, key=lambda e: e.start):
        assert after[position + shift : edit.start + shift] == before[position : edit.start]
        shift += len(edit.text.encode()) - (edit.end - edit.start)
        position = edit.end
    assert after[position + shift :] == before[position:]


def test_fixes_that_meet_are_not_both_applied(root: Path) -> None:
    found = Project.open(root).library()
    page = found.by_path["index.md"]

    def fix(start: int, end: int, text: str) -> Finding:
        edit = FixEdit("index.md", start, end, text, page.stamp)
        return Finding("broken-link", "R101", "error", text, "index.md", fix=(edit,))

    one, two, three = fix(2, 8, "one"), fix(5, 10, "two"), fix(20, 20, "three")
    done = apply_fixes(found, [one, two, three, fix(20, 20, "four")])
    assert [f.message for f in done.findings] == ["one", "three", "four"]
    assert b"threefour" in done.files["index.md"]


@pytest.mark.parametrize("signs", ["==", "$", "~", "|", "§"])
def test_signs_beside_a_name_stay_beside_its_link(tmp_path: Path, signs: str) -> None:
    name = f"{signs}Threat Check Procedure{signs}"
    project = library(tmp_path, [change(REVIEW, "a feature, and have", f"a feature ({name}), and have")])
    project.apply(project.fix(select=["unlinked-name"])[0])
    link = f"{signs}[Threat Check Procedure](threat-check.md){signs}"
    assert link in (tmp_path / REVIEW).read_text()
    project.apply(Project.open(tmp_path).refactor.rename("threat-check", "Risk Check Procedure", alias=False))
    assert link.replace("Threat", "Risk").replace("threat", "risk") in (tmp_path / REVIEW).read_text()


def test_a_name_that_gets_a_link_is_announced_no_longer(tmp_path: Path) -> None:
    name = "Threat Check Procedure *(announced)*"
    project = library(tmp_path, [change(REVIEW, "a feature, and have", f"a feature ({name}), and have")])
    project.apply(project.fix(select=["unlinked-name"])[0])
    assert "a feature ([Threat Check Procedure](threat-check.md)), and have" in (tmp_path / REVIEW).read_text()


def test_a_document_whose_fixes_cannot_be_proven_is_left_out(root: Path) -> None:
    found = Project.open(root).library()

    def fix(*edits: tuple[str, int, str]) -> Finding:
        parts = tuple(FixEdit(path, at, at, text, found.by_path[path].stamp) for path, at, text in edits)
        return Finding("broken-link", "R101", "error", "x", edits[0][0], fix=parts)

    good, fence = fix(("index.md", 3, "a")), fix((REVIEW, len(found.by_path[REVIEW].source.raw), "\n```\n"))
    both = fix(("index.md", 4, "b"), (REVIEW, 0, ""))
    done = apply_fixes(found, [good, fence, both])
    assert done.findings == (good,)
    assert list(done.files) == ["index.md"]
    assert list(done.refused) == [REVIEW]


def test_a_document_with_a_conflict_is_left_out_and_said(tmp_path: Path) -> None:
    conflict = "## 2. Trigger\n\n<<<<<<< HEAD\n\nThe Threat Check Procedure.\n\n=======\nx\n>>>>>>> other\n"
    defects = [change(REVIEW, "## 2. Trigger\n", conflict), DEFECTS["a wrong status"][1]]
    library(tmp_path, defects)
    before = (tmp_path / REVIEW).read_bytes()
    done = run("-C", tmp_path, "check", "--fix", code=1)
    assert f"{REVIEW}:" in done.stderr
    assert "a merge conflict is not resolved; the fixes of this document are left out" in done.stderr
    assert "| 1 | Placeholder |" not in (tmp_path / "index.md").read_text()
    assert (tmp_path / REVIEW).read_bytes() == before


def test_a_fix_of_an_older_state_is_not_applied(root: Path) -> None:
    edit = FixEdit("index.md", 0, 1, "x", "0" * 64)
    stale = Finding("broken-link", "R101", "error", "x", "index.md", fix=(edit,))
    assert apply_fixes(Project.open(root).library(), [stale]).files == {}


def test_a_file_that_changes_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    project = library(tmp_path, [DEFECTS["a wrong status"][1]])
    change, _ = project.fix()
    index = tmp_path / "index.md"
    index.write_text(index.read_text() + "\nSomebody's words.\n")
    before = snapshot(tmp_path)
    with pytest.raises(ConflictError):
        project.apply(change)
    assert snapshot(tmp_path) == before


def test_what_the_baseline_knows_is_not_fixed(tmp_path: Path) -> None:
    project = library(tmp_path, [DEFECTS["another case"][1]])
    project.update_baseline()
    assert not project.fix(baseline=True)[0]
    assert project.fix(baseline=False)[0]
