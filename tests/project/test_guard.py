"""What no command may write into: conflicts, and front matter that it cannot change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import LibraryError
from tests.cli.inside import run, run_json
from tests.conftest import snapshot

TITLE = "Threat Check Procedure"
REVIEW = "feature/design-review.md"
CHECK = "feature/threat-check.md"
CONFLICT = "<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> other\n"


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(text.encode())


def spoil(root: Path, path: str) -> int:
    """Put a conflict at the end of a document; return its line."""
    text = (root / path).read_text()
    put(root, path, f"{text}\n{CONFLICT}")
    return text.count("\n") + 2


def refused(root: Path, *command: str, code: int = 2) -> str:
    before = snapshot(root)
    told = run("-C", root, *command, code=code).stderr
    assert {p: raw for p, raw in snapshot(root).items() if not p.startswith(".procauthor")} == before
    return told


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (REVIEW, ("rename", "design-review", "Design Check Procedure")),
        (REVIEW, ("rename", "threat-check", "Threat Review Procedure")),
        (REVIEW, ("move", "design-review", "other/")),
        (REVIEW, ("deprecate", "design-review")),
        (REVIEW, ("approve", "design-review", "--by", "Ada")),
        (REVIEW, ("update", "design-review", "set phase to 2")),
        (CHECK, ("create", TITLE, "--accept")),
        (CHECK, ("brief", TITLE)),
        ("index.md", ("create", TITLE, "--accept")),
    ],
)
def test_nothing_is_written_into_a_conflict(root: Path, path: str, command: tuple[str, ...]) -> None:
    put(root, REVIEW, (root / REVIEW).read_text() + f"\nSee the [{TITLE}](threat-check.md).\n")
    line = spoil(root, path)
    assert f"{path}:{line}: a merge conflict is not resolved" in refused(root, *command)


def test_sync_and_fixes_leave_a_conflict_alone(root: Path) -> None:
    put(root, "feature/new.md", "# New Procedure\n\nSee the Design Review Procedure.\n")
    line = spoil(root, "index.md")
    assert f"index.md:{line}: a merge conflict" in refused(root, "sync")
    line = spoil(root, "feature/new.md")
    before = (root / "feature/new.md").read_bytes()
    done = run("-C", root, "check", "--fix", "--select", "unlinked-name")
    assert f"feature/new.md:{line}: a merge conflict" in done.stderr
    assert (root / "feature/new.md").read_bytes() == before


def test_a_conflict_cannot_be_approved_even_if_its_rule_is_off(root: Path) -> None:
    spoil(root, REVIEW)
    (root / "procauthor.toml").write_text((root / "procauthor.toml").read_text() + '[rules]\nconflict-marker = "off"\n')
    assert "a merge conflict is not resolved" in refused(root, "approve", "design-review", "--by", "Ada")


@pytest.mark.parametrize("command", [("create", TITLE), ("create", TITLE, "--author", "skeleton"), ("migrate",)])
def test_nothing_is_written_by_a_template_with_a_conflict(root: Path, command: tuple[str, ...]) -> None:
    shipped = Path(__file__).parents[2] / "templates/procedure.md"
    put(root, "templates/procedure.md", shipped.read_text())
    line = spoil(root, "templates/procedure.md")
    assert f"'procedure' has an unresolved merge conflict in line {line}" in refused(root, *command)
    run_json("-C", root, "refs", "design-review")


def test_an_undo_brings_back_what_was_there(root: Path) -> None:
    before = snapshot(root)
    project = Project.open(root)
    project.apply(project.refactor.rename("threat-check", "Threat Review Procedure"))
    path = "feature/threat-review.md"
    text = (root / path).read_text()
    spoil(root, path)
    put(root, path, text)
    run("-C", root, "undo")
    assert {p: raw for p, raw in snapshot(root).items() if not p.startswith(".procauthor")} == before


# Front matter that is not YAML

OWN = {
    "toml": '+++\nid = "threat-check"\nphase = 2\nowner = "team"\nstatus = "Placeholder"\n'
    'depends_on = ["Design Review Procedure"]\n+++\n',
    "json": '{"id": "threat-check", "owner": "team", "status": "Placeholder", "depends_on": ["Design Review Procedure"]}\n',
    "broken": "---\nid: threat-check\nowner: {{ x }}\nstatus: Placeholder\n---\n",
    "twice": "---\nid: threat-check\nstatus: Placeholder\nstatus: Defined\n---\n",
}
PAGE = f"\n# {TITLE}\n\n> **Placeholder.** It is not defined yet.\n"
WRITERS: dict[str, Callable[[Project], object]] = {
    "create": lambda p: p.author().create(TITLE),
    "deprecate": lambda p: p.apply(p.refactor.deprecate(CHECK)),
}


@pytest.mark.parametrize("front", OWN.values(), ids=OWN)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_front_matter_that_is_not_edited_is_not_thrown_away(
    root: Path, front: str, write: Callable[[Project], object]
) -> None:
    put(root, CHECK, front + PAGE)
    before = snapshot(root)
    with pytest.raises(LibraryError, match=rf"{CHECK}:\d+: "):
        write(Project.open(root))
    assert {p: raw for p, raw in snapshot(root).items() if not p.startswith(".procauthor")} == before
    assert not list((root / ".procauthor").glob("runs/*"))


def test_a_name_in_such_front_matter_makes_a_rename_stop(root: Path) -> None:
    put(root, CHECK, OWN["toml"] + PAGE)
    told = refused(root, "rename", "design-review", "Design Check Procedure")
    assert f"{CHECK}:1: the front matter is TOML" in told


def test_a_name_in_json_at_the_top_is_renamed_as_in_any_text_and_the_json_is_reported(root: Path) -> None:
    put(root, CHECK, OWN["json"] + PAGE)
    run("-C", root, "rename", "design-review", "Design Check Procedure")
    assert '"depends_on": ["Design Check Procedure"]' in (root / CHECK).read_text()
    found = run_json("-C", root, "check", "--select", "bad-front-matter", code=1)["findings"]
    assert [each["path"] for each in found] == [CHECK]


def test_toml_is_read_and_no_fix_reaches_into_it(root: Path) -> None:
    put(root, CHECK, OWN["toml"] + PAGE)
    found = Project.open(root).library().by_path[CHECK]
    assert (found.phase, found.status, found.depends_on) == (2, "placeholder", ("Design Review Procedure",))
    change, _ = Project.open(root).fix(select=["unlinked-name"])
    assert CHECK not in {edit.path for edit in change.edits}


def test_links_below_such_front_matter_follow_a_rename(root: Path) -> None:
    put(root, "feature/page.md", "+++\ntitle = 'Page'\n+++\n\n[Threat Check Procedure](threat-check.md)\n")
    run("-C", root, "rename", "threat-check", "Threat Review Procedure")
    text = (root / "feature/page.md").read_text()
    assert text == "+++\ntitle = 'Page'\n+++\n\n[Threat Review Procedure](threat-review.md)\n"


def test_own_keys_of_a_placeholder_are_kept(root: Path) -> None:
    front = (
        "---\nid: threat-check\nphase: 2 # of four\nowner: 'team'\nopen_questions:\n- Old?\n\n# more\n- Older?\n"
        "lifecycle: Feature\nreviewers: [a, b]\nstatus: >-\n  Placeholder\n...\n"
    )
    put(root, CHECK, front + PAGE)
    run("-C", root, "create", TITLE, "--accept")
    text = (root / CHECK).read_text()
    for line in ("phase: 2 # of four\n", "owner: 'team'\n", "reviewers: [a, b]\n", "status: In progress\n", "\n...\n"):
        assert text.count(line) == 1
    assert "Old" not in text


def test_the_completion_in_front_matter_is_brought_up_to_date(root: Path) -> None:
    put(root, "feature/README.md", "---\ncompletion: 0 of 9 defined, roughly # of this folder\n---\n# Feature\n\n| Procedure | Status |\n|---|---|\n")  # fmt: skip
    run("-C", root, "sync")
    assert (
        (root / "feature/README.md")
        .read_text()
        .startswith("---\ncompletion: 1 of 2 defined, roughly # of this folder\n---\n")
    )


# Titles, and files that are no text


def test_a_title_in_front_matter_is_the_name_in_every_command(root: Path) -> None:
    put(root, "feature/build.md", "---\nid: b\ntitle: Build Image Procedure\n---\n\n## Purpose\n\nText.\n")
    assert "Build Image Procedure (feature/build.md" in run("-C", root, "refs", "Build Image Procedure").stdout
    run("-C", root, "rename", "build image procedure", "Make Image Procedure")
    assert (
        (root / "feature/make-image.md")
        .read_text()
        .startswith("---\nid: b\ntitle: Make Image Procedure\n---\n\n## Purpose")
    )


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("# Ü\n".encode("utf-16"), "UTF-16"),
        ("# A\n".encode("utf-16-le"), "zero byte"),
        (b"# A\n\nText\0.\n", "zero byte"),
        ("# Ü\n".encode("latin-1"), "not UTF-8 at byte 2"),
    ],
)
def test_a_file_that_is_no_text_is_said(root: Path, raw: bytes, words: str) -> None:
    (root / "feature/odd.md").write_bytes(raw)
    found = run_json("-C", root, "check", "--select", "not-utf8", code=1)["findings"]
    assert [(f["path"], words in f["message"]) for f in found] == [("feature/odd.md", True)]


def test_an_update_of_a_field_in_toml_says_why_it_cannot_be_done(root: Path) -> None:
    text = (root / REVIEW).read_text().replace("---\n", "+++\n").replace("id: design-review", 'id = "design-review"')
    text = text.replace("lifecycle: Feature", 'lifecycle = "Feature"').replace("phase: 1", "phase = 1")
    put(root, REVIEW, text.replace("status: Defined", 'status = "Defined"'))
    assert "the front matter is TOML" in refused(root, "update", "design-review", "set phase to 2")
