import subprocess
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.git import follow, parse_renames, read_renames
from procauthor.settings import LibrarySettings, LinkSettings, Settings
from tests.checking.cases import run_check


def write(root: Path, **files: str) -> None:
    for path, text in files.items():
        place = root / path.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_suffix(".md").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("flavour", "right"),
    [("github", "#a--b"), ("gitlab", "#a-b"), ("mkdocs", "#a-b")],
)
def test_the_settings_say_whose_anchors_count(tmp_path: Path, flavour: str, right: str) -> None:
    write(tmp_path, a='# A\n\n[x](#a--b) [x](#a-b) [x](#here)\n\n## A & B\n\n<a id="here"></a>\n')
    found = run_check(tmp_path, Settings(links=LinkSettings(slugs=flavour))).findings
    assert [f.rule for f in found] == ["broken-anchor"]
    assert found[0].hint == f"did you mean '{right}'?"


def test_an_anchor_may_leave_out_what_nobody_sees(tmp_path: Path) -> None:
    write(tmp_path, a="# A\n\n[x](#-stop) [y](#\ufe0f-stop) [top](#top) [z](#user-content-a)\n\n## ⚠\ufe0f Stop\n")
    assert run_check(tmp_path).findings == ()


def hint(root: Path) -> str:
    (found,) = run_check(root, select=["broken-link"]).findings
    return found.hint


def test_a_hint_names_the_file_of_that_name_or_title(tmp_path: Path) -> None:
    write(tmp_path, a="# A\n\n[x](test-plan.md)\n", new__test_plan="# B\n")
    assert hint(tmp_path) == ""
    write(tmp_path, a="# A\n\n[x](test_plan.md)\n")
    assert hint(tmp_path) == "did you mean 'new/test_plan.md'?"
    write(tmp_path, a="# A\n\n[Test Plan Procedure](gone.md)\n", new__test_plan="# Test Plan Procedure\n")
    assert hint(tmp_path) == "did you mean 'new/test_plan.md'?"


def test_a_hint_tells_names_that_look_the_same_apart(tmp_path: Path) -> None:
    files = {"a": "# A\n\n[x](entw\u00fcrfe.md)\n", "entwu\u0308rfe": "# B\n"}
    write(tmp_path, **files)
    assert hint(tmp_path) == "'entwu\u0308rfe.md' looks the same, but composes its accents in another way"


def test_an_image_is_not_looked_for_among_the_titles_of_documents(tmp_path: Path) -> None:
    write(tmp_path, a="# A\n\n![Test Plan Procedure](gone.png)\n", new__test_plan="# Test Plan Procedure\n")
    assert hint(tmp_path) == ""


def git(root: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *words],
        cwd=root,
        check=True,
        capture_output=True,
    )


def test_a_hint_follows_the_renames_that_git_knows(tmp_path: Path) -> None:
    library = tmp_path / "library"
    write(library, a="# A\n\n[x](ö ld.md)\n".replace("ö ld", "<ö ld>").replace("<ö ld>.md", "<ö ld.md>"))
    (library / "ö ld.md").write_text("# B\n\n" + "Words.\n" * 20, encoding="utf-8")
    git(tmp_path, "init", "-q")
    for old, new in (("", ""), ("ö ld.md", "mid.md"), ("mid.md", "new.md")):
        if old:
            git(library, "mv", old, new)
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", "x")
    assert hint(library) == "it was renamed to 'new.md'"


def test_without_git_there_is_no_hint_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a="# A\n\n[x](gone.md)\n")
    assert hint(tmp_path) == ""
    monkeypatch.setenv("PATH", "")
    assert hint(tmp_path) == ""
    assert read_renames(tmp_path / "gone") == {}


def test_the_newest_rename_counts_and_a_circle_ends() -> None:
    renames = parse_renames(b"R100\0b\0c\0\nR090\0a\0b\0R100\0b\0x\0M\0z\0R1")
    assert renames == {"b": "c", "a": "b"}
    assert follow(renames, "a", {"c"}) == "c"
    assert follow(renames, "a", {"z"}) == ""
    assert follow({"a": "b", "b": "a"}, "a", {"c"}) == ""


def test_settings_that_no_document_answers_to_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, playbooks__a="# A\n")
    settings = Settings(library=LibrarySettings(index="contents.md"), templates={"runbooks/*.md": "runbook"})
    found = run_check(tmp_path, settings, select=["nothing-matched"])
    assert [f.severity for f in found.findings] == ["error", "error"]
    assert "'contents.md'" in found.findings[1].message + found.findings[0].message


def test_a_pattern_may_wait_for_its_first_document(tmp_path: Path) -> None:
    write(tmp_path, feature__a="# A\n", index="# Index\n")
    settings = Settings(templates={"standards/*.md": "standard", "*/*.md": "procedure"})
    assert run_check(tmp_path, settings, select=["nothing-matched"]).findings == ()


def test_another_name_in_the_metadata_is_a_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        feature__a="# A Procedure\n\n## 1. Purpose\n\nSee the Test Plan Procedure, and the Old Plan Procedure.\n",
        feature__b="---\naliases: [Old Plan Procedure]\n---\n\n# Test Plan Procedure\n",
    )
    found = run_check(tmp_path, select=["unlinked-name", "unknown-procedure"]).findings
    assert {(f.rule, f.hint) for f in found} == {("unlinked-name", "link 'feature/b.md'")}
    assert len(found) == 2


LINKS = {
    "../../src/app.py": "",
    "../guide.md#setup": "",
    "../other/": "",
    "../../src/gone.py": "'../../src/gone.py' leads out of the library, and does not exist there",
    "../Guide.md": "'../Guide.md' leads out of the library, and does not exist there",
    "../../../beyond.md": "'../../../beyond.md' leads out of the library, and does not exist there",
    "gone.md": "'gone.md' does not exist",
    "/docs/procs/b.md": "",
    "/docs/procs/b.md#part": "",
    "/docs/procs/b.md#no-part": "'b.md' has no heading '#no-part'",
    "/docs/guide.md": "",
    "/b.md#part": "",
    "/docs/gone.md": "'/docs/gone.md' does not exist",
    "b.md?plain=1#L3": "",
    "b.md?plain=1#L3-L5": "",
    "b.md?plain=1#no-part": "'b.md' has no heading '#no-part'",
    "b.md#L3": "'b.md' has no heading '#L3'",
}


@pytest.mark.parametrize("target", LINKS)
def test_a_link_out_of_the_library_or_from_a_root_may_lead_to_what_is_in_the_repository(
    tmp_path: Path, target: str
) -> None:
    top = tmp_path / "top"
    write(top, docs__procs__a=f"# A\n\n[words]({target})\n", docs__procs__b="# B\n\n## Part\n", docs__guide="# Guide\n")
    write(tmp_path, beyond="# Beyond\n")
    (top / "docs/other").mkdir()
    (top / "src").mkdir()
    (top / "src/app.py").write_text("")
    git(top, "init", "-q")
    messages = [f.message for f in run_check(top / "docs/procs", select=["broken-link", "broken-anchor"]).findings]
    assert messages == [LINKS[target]] * bool(LINKS[target])


def test_what_a_check_remembers_of_links_out_of_the_library_follows_the_disk(tmp_path: Path) -> None:
    root = tmp_path / "docs/procs"
    write(root, a="# A\n\n[x](../guide.md) [y](/docs/guide.md)\n", **{f"d{n}": f"# D{n}\n" for n in range(70)})
    (root / "procauthor.toml").write_text('[templates]\n"**/*.md" = ""\n')

    def broken() -> int:
        return sum(f.rule == "broken-link" for f in Project.open(root).check().findings)

    assert broken() == 2
    write(tmp_path, docs__guide="# Guide\n")
    assert broken() == 1
    git(tmp_path, "init", "-q")
    assert broken() == 0
    (tmp_path / "docs/guide.md").unlink()
    assert broken() == 2
