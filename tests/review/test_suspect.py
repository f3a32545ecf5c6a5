"""Only a change of a contract makes suspects, and only of those who rely on the part that changed."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor import Project
from procauthor.errors import ConfigError, LibraryError, NotFoundError
from tests.checking.clean import make
from tests.conftest import SETTINGS, snapshot

WORDS = st.text(alphabet="abcdef ghij", min_size=1, max_size=30).map(str.strip).filter(bool)


def clean(root: Path, seed: int) -> Project:
    """A library of procedures in a chain: each takes one output of the one before."""
    make(random.Random(seed)).write(root)
    (root / "procauthor.toml").write_text(SETTINGS)
    project = Project.open(root)
    project.apply(project.sync())
    assert project.review.suspects() == ()
    return project


def edit(root: Path, path: str, pattern: bytes, new: bytes) -> None:
    file = root / path
    raw, count = re.subn(pattern, new, file.read_bytes(), count=1)
    assert count == 1, pattern
    file.write_bytes(raw)


def found(project: Project) -> set[tuple[str, str, str]]:
    return {(s.use.consumer.path, s.use.producer.path, s.use.part) for s in project.review.suspects()}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 40), words=WORDS, place=st.sampled_from([rb"Words about purpose \d\.", rb"Somebody asks\.", rb"None is needed\.", rb"The lead agrees\.", rb"it is done\.", rb"in the repository", rb"Work\."]), data=st.data())  # fmt: skip
def test_an_edit_of_prose_marks_nobody(
    tmp_path_factory: pytest.TempPathFactory, seed: int, words: str, place: bytes, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("library")
    project = clean(root, seed)
    files = [p for p in sorted(root.glob("feature/p*.md")) if re.search(place, p.read_bytes(), re.IGNORECASE)]
    path = data.draw(st.sampled_from(files)).relative_to(root).as_posix()
    edit(root, path, b"(?i)" + place, f"Other {words}.".encode())
    assert found(project) == set()


@pytest.mark.parametrize("seed", range(4))
def test_a_changed_output_marks_exactly_those_who_take_it(tmp_path: Path, seed: int) -> None:
    project = clean(tmp_path, seed)
    count = len(list(tmp_path.glob("feature/p*.md")))
    place = random.Random(seed).randrange(count)
    path = f"feature/p{place}.md"
    edit(tmp_path, path, rb": it is dated\.", b": it is signed.")
    assert found(project) == ({(f"feature/p{place + 1}.md", path, "output")} if place + 1 < count else set())
    findings = [f for f in project.check().findings if f.rule == "suspect"]
    assert {f.path for f in findings} == {c for c, _, _ in found(project)}
    assert {f.severity for f in findings} <= {"warning"}


@pytest.mark.parametrize("seed", range(3))
def test_a_changed_exit_state_marks_those_who_wait_for_it(tmp_path: Path, seed: int) -> None:
    project = clean(tmp_path, seed)
    edit(tmp_path, "feature/p1.md", rb": it is merged\.", b": it is merged twice.")
    waiting = {("feature/feature-orchestration.md", "feature/p1.md", "ends")}
    if (tmp_path / "feature/p2.md").exists():
        waiting.add(("feature/p2.md", "feature/p1.md", "ends"))
    assert found(project) == waiting


def test_an_orchestration_relies_on_what_its_lists_call_as_on_what_its_tables_call(tmp_path: Path) -> None:
    clean(tmp_path, 1)
    host = tmp_path / "feature/feature-orchestration.md"
    items = re.sub(r"(?m)^\|(?!.*\]\().*\n", "", host.read_text())
    host.write_text(re.sub(r"(?m)^\|.*?(\[[^\]]+\]\([^)]+\)).*$", r"- \1", items))
    assert "|" not in host.read_text()
    project = Project.open(tmp_path)
    project.apply(project.sync())
    edit(tmp_path, "feature/p1.md", rb": it is merged\.", b": it is merged twice.")
    assert ("feature/feature-orchestration.md", "feature/p1.md", "ends") in found(project)


def test_a_changed_input_marks_who_feeds_it_and_a_new_one_who_calls(tmp_path: Path) -> None:
    project = clean(tmp_path, 1)
    edit(tmp_path, "feature/p1.md", rb": from before", b": at least ten")
    assert found(project) == {("feature/p0.md", "feature/p1.md", "input")}
    edit(tmp_path, "feature/p1.md", rb"- \*\*Request\*\*", b"- **Budget**: in euros.\n- **Request**")
    assert found(project) == {
        ("feature/p0.md", "feature/p1.md", "input"),
        ("feature/feature-orchestration.md", "feature/p1.md", "inputs"),
    }


def test_names_of_inputs_are_shown_as_they_are_written_and_any_spelling_is_the_same(tmp_path: Path) -> None:
    project = clean(tmp_path, 1)
    edit(tmp_path, "feature/p1.md", rb"- \*\*Request\*\*", b"- **Change Classes**: of all.\n- **Requests**")
    caller = "feature/feature-orchestration.md"
    (suspect,) = (s for s in project.review.suspects(caller) if s.use.part == "inputs")
    assert set(suspect.use.text) - set(suspect.seen.text) == {"Change Classes", "Requests"}
    edit(tmp_path, "feature/p1.md", rb"- \*\*Change Classes\*\*: of all.\n", b"")
    assert project.review.suspects(caller) == ()


def test_what_was_seen_is_never_overwritten_by_sync(tmp_path: Path) -> None:
    project = clean(tmp_path, 1)
    edit(tmp_path, "feature/p0.md", rb": it is dated\.", b": it is signed.")
    before = snapshot(tmp_path)
    assert not project.sync()
    project.apply(project.sync())
    assert snapshot(tmp_path) == before
    assert len(project.review.suspects()) == 1


def test_clearing_takes_one_producer_or_all_and_can_be_undone(tmp_path: Path) -> None:
    project = clean(tmp_path, 1)
    for path in ("feature/p0.md", "feature/p2.md"):
        edit(tmp_path, path, rb": it is merged\.", b": it is merged twice.")
    caller = "feature/feature-orchestration.md"
    before = snapshot(tmp_path)
    assert len(project.review.suspects(caller)) == 2
    cleared = project.review.clear(caller, "feature/p0.md", by="Ada")
    assert snapshot(tmp_path) == before
    project.apply(cleared.change)
    (left,) = project.review.suspects(caller)
    assert left.use.producer.path == "feature/p2.md"
    project.apply(project.review.clear(caller, by="Ada").change)
    assert project.review.suspects(caller) == ()
    assert not project.review.clear(caller, by="Ada").change
    assert '"by": "Ada"' in (tmp_path / f"receipts/{caller}.json").read_text()
    project.undo()
    project.undo()
    assert snapshot(tmp_path) == before


def test_an_output_that_is_gone_is_a_suspect_until_somebody_has_looked(tmp_path: Path) -> None:
    project = clean(tmp_path, 1)
    edit(tmp_path, "feature/p0.md", rb"- \*\*[^*]+\*\*: it is dated\.", b"- **Lost Sheet**: it is dated.")
    assert ("feature/p1.md", "feature/p0.md", "output") in found(project)
    project.apply(project.review.clear("feature/p1.md", by="Ada").change)
    assert not project.review.suspects("feature/p1.md")
    assert not [e for e in project.sync().edits if e.path.startswith("receipts/feature/p1")]


def test_receipts_that_cannot_be_understood_are_never_overwritten(tmp_path: Path) -> None:
    project = clean(tmp_path, 1)
    file = tmp_path / "receipts/feature/p1.md.json"
    file.write_text(file.read_text().replace("[", "<<<<<<<", 1))
    edit(tmp_path, "feature/p0.md", rb": it is dated\.", b": it is signed.")
    before = snapshot(tmp_path)
    project.apply(project.sync())
    assert snapshot(tmp_path) == before
    assert [f.rule for f in project.check().findings] == ["bad-receipt"]
    with pytest.raises(LibraryError, match=r"receipts/feature/p1\.md\.json cannot be understood"):
        project.review.approve("feature/p1.md", by="Ada")


def test_receipts_with_a_conflict_stop_what_would_take_their_approval_out_of_the_tables(tmp_path: Path) -> None:
    index = "# Index\n\n| Procedure | Status |\n|---|---|\n| [A Procedure](a.md) | Defined |\n"
    (tmp_path / "procauthor.toml").write_text('[library]\nindex = "index.md"\n\n[templates]\n"*.md" = ""\n')
    (tmp_path / "index.md").write_text(index)
    (tmp_path / "a.md").write_text("# A Procedure\n\nText.\n")
    project = Project.open(tmp_path)
    project.apply(project.review.approve("a.md", by="Ada", role="Lead").change)
    assert "| Approved |" in (tmp_path / "index.md").read_text()
    receipts = tmp_path / "receipts/a.md.json"
    receipts.write_text("<<<<<<< HEAD\n" + receipts.read_text() + "=======\n{}\n>>>>>>> other\n")
    with pytest.raises(LibraryError, match=r"^receipts/a\.md\.json cannot be understood: a merge conflict"):
        project.sync()


def test_without_a_name_nobody_clears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = clean(tmp_path, 1)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    with pytest.raises(ConfigError) as failed:
        project.review.clear("feature/p1.md")
    assert "--by" in failed.value.hint
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(ConfigError, match=r"user\.name"):
        project.review.clear("feature/p1.md")
    with pytest.raises(NotFoundError):
        project.review.suspects("feature/p99.md")


GERMAN = """---
translation_of: Threat Check Procedure
---

# Bedrohungen prüfen

## Zweck

Was dabei herauskommt.
"""


def test_a_translation_is_not_counted_and_is_a_suspect_when_its_source_changes(root: Path) -> None:
    counted = len(Project.open(root).library().counted)
    source = root / "feature/threat-check.md"
    source.write_text(
        "# Threat Check Procedure\n\nLead.\n\n## Purpose\n\nOne.\n\n## Trigger\n\nTwo.\n", encoding="utf-8"
    )
    (root / "feature/threat-check.de.md").write_text(GERMAN, encoding="utf-8")
    project = Project.open(root)
    assert len(project.library().counted) == counted
    project.apply(project.sync())
    assert project.review.suspects() == ()
    edit(root, "feature/threat-check.md", b"Two", b"Three")
    (suspect,) = project.review.suspects()
    assert (suspect.use.consumer.path, suspect.what) == ("feature/threat-check.de.md", "the section 'trigger'")
    finding = next(f for f in project.check().findings if f.rule == "suspect")
    assert (finding.path, finding.line) == ("feature/threat-check.de.md", 2)
    assert "translat" in finding.message
    project.apply(project.review.clear("feature/threat-check.de.md", by="Ada").change)
    assert project.review.suspects() == ()
    edit(root, "feature/threat-check.md", b"## Trigger", b"## Scope\n\nNew.\n\n## Trigger")
    assert {s.what for s in project.review.suspects()} == {"the list of sections"}
    edit(root, "feature/threat-check.md", b"Lead", b"Other")
    assert len(project.review.suspects()) == 2
    project.apply(project.refactor.rename("Threat Check Procedure", "Threat Review Procedure"))
    assert "translation_of: Threat Review Procedure" in (root / "feature/threat-check.de.md").read_text(
        encoding="utf-8"
    )
