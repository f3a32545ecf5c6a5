"""The lists of an index are kept up to date in the notation of the team."""

from pathlib import Path

import pytest

from tests.cli.inside import run
from tests.project.test_adopt import write

BODY = "\n\n## Goal\n\nKeep it alive.\n\n## Action\n\n1. Look at it.\n\n## Proof\n\nIt runs.\n"


def index_after(root: Path, *lines: str, new: str = "# Eel" + BODY) -> list[str]:
    """Adopt a library with an index of these lines, add a document, and return the lines after ``sync``."""
    files = {f"ops/{name[0].lower()}.md": f"# {name}{BODY}" for name in ("Ant", "Bee", "Cow", "Dog")}
    files["ops/f.md"] = "# Fox\n\n**Status:** Placeholder\n\nLater.\n"
    write(root, {**files, "index.md": "\n".join(("# Index", "", "## Ops", "", *lines, ""))})
    run("init", root, "--no-input")
    assert run("-C", root, "sync", "--check").exit_code == 0
    write(root, {"ops/e.md": new})
    run("-C", root, "sync")
    text = (root / "index.md").read_text()
    assert run("-C", root, "sync", "--check").exit_code == 0
    return text.splitlines()[4:]


@pytest.mark.parametrize(
    ("item", "fox", "eel"),
    [
        ("- [{0}](ops/{1}.md)", "- [Fox](ops/f.md)", "- [Eel](ops/e.md)"),
        ("* {0}", "* Fox", "* Eel"),
        ("- ✅ **{0}** - Defined", "- ❌ **Fox** - Placeholder", "- ✅ **Eel** - Defined"),
        ("- [x] [{0}](ops/{1}.md)", "- [ ] [Fox](ops/f.md)", "- [x] [Eel](ops/e.md)"),
        ("- {0} (defined)", "- Fox (placeholder)", "- Eel (defined)"),
        ("1. [{0}](ops/{1}.md)", "5. [Fox](ops/f.md)", "6. [Eel](ops/e.md)"),
    ],
)
def test_a_new_document_gets_an_item_like_the_others(tmp_path: Path, item: str, fox: str, eel: str) -> None:
    names = ("Ant", "Bee", "Cow", "Dog")
    lines = [item.format(name, name[0].lower()).replace("1.", f"{n}.") for n, name in enumerate(names, 1)]
    # What stands last is written like the others, or the list would not be of one kind.
    assert index_after(tmp_path, fox, *lines)[-1] == eel.replace("6.", "5.")


@pytest.mark.parametrize(
    ("item", "new"),
    [
        ("- [{0}]({2}/{1}.md)", "- [Eel](sea/e.md)"),
        ("1. [{0}]({2}/{1}.md)", "1. [Eel](sea/e.md)"),
        ("* {0}", "* Eel"),
    ],
)
def test_a_new_lifecycle_gets_a_section_with_a_list(tmp_path: Path, item: str, new: str) -> None:
    places = [("Ant", "ops"), ("Bee", "ops"), ("Cow", "farm"), ("Dog", "farm")]
    lines = {home: [item.format(n, n[0].lower(), home) for n, h in places if h == home] for home in ("ops", "farm")}
    index = [
        "# Index",
        "",
        "## 1. Ops",
        "",
        *lines["ops"],
        "",
        "## 2. Farm",
        "",
        *lines["farm"],
        "",
        "All of them.",
        "",
    ]
    files = {f"{home}/{name[0].lower()}.md": f"# {name}{BODY}" for name, home in places}
    write(tmp_path, {**files, "index.md": "\n".join(index)})
    run("init", tmp_path, "--no-input")
    write(tmp_path, {"sea/e.md": "# Eel" + BODY})
    settings = (tmp_path / "procauthor.toml").read_text()
    (tmp_path / "procauthor.toml").write_text(settings.replace('"farm/*.md"', '"sea/*.md" = "runbook"\n"farm/*.md"', 1))
    run("-C", tmp_path, "sync")
    assert (tmp_path / "index.md").read_text().splitlines() == [*index[:-1], "", "## 3. Sea", "", new]
    assert run("-C", tmp_path, "sync", "--check").exit_code == 0


@pytest.mark.parametrize("row", ["- [{0}]({1})", "| Procedure | Status |\n|---|---|\n| [{0}]({1}) | Defined |"])
def test_several_new_lifecycles_are_numbered_one_after_the_other(tmp_path: Path, row: str) -> None:
    index = "# Index\n\n## 1. Ops\n\n{}\n\n## 2. Farm\n\n{}\n"
    text = index.format(row.format("Ant", "ops/a.md"), row.format("Cow", "farm/c.md"))
    files = {f"{home}.md": f"# {name}{BODY}" for name, home in (("Ant", "ops/a"), ("Cow", "farm/c"))}
    write(tmp_path, {**files, "index.md": text})
    run("init", tmp_path, "--no-input")
    write(tmp_path, {"sea/e.md": "# Eel" + BODY, "air/f.md": "# Fly" + BODY})
    settings = (tmp_path / "procauthor.toml").read_text()
    (tmp_path / "procauthor.toml").write_text(
        settings.replace("[conventions]", '[conventions]\nprocedures = ["*/*.md"]', 1)
    )
    run("-C", tmp_path, "sync")
    lines = (tmp_path / "index.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## 1. Ops", "## 2. Farm", "## 3. Air", "## 4. Sea"]


def test_an_item_says_the_status_that_its_document_has(tmp_path: Path) -> None:
    lines = [f"- {name} - Defined" for name in ("Ant", "Bee", "Cow")]
    files = ("- Fox - Placeholder", "- ✅ Dog", "- ❌ Gnu")
    after = index_after(tmp_path, *lines, *files)
    assert after == [*lines, *files[:2], "- ✅ Eel", files[2]]
    (tmp_path / "ops/a.md").write_text("# Ant\n\n**Status:** Placeholder\n\nLater.\n")
    (tmp_path / "ops/d.md").write_text("# Dog\n\n**Status:** Missing\n\nLater.\n")
    run("-C", tmp_path, "sync")
    assert (tmp_path / "index.md").read_text().splitlines()[4] == "- Ant - Placeholder"


def test_what_is_outside_of_the_marks_stays(tmp_path: Path) -> None:
    lines = ["- [Ant](ops/a.md)", "- [Bee](ops/b.md)", "- [Cow](ops/c.md)", "- [Dog](ops/d.md)", "- [Fox](ops/f.md)"]
    begin, end = "<!-- procauthor: begin -->", "<!-- procauthor: end -->"
    after = index_after(tmp_path, *lines[:2], "", begin, "", *lines[2:], "", end)
    assert after == [*lines[:2], "", begin, "", *lines[2:], "- [Eel](ops/e.md)", "", end]


def test_a_table_of_signs_is_kept_in_its_signs(tmp_path: Path) -> None:
    head = ["| Runbook | Status |", "|---|---|"]
    rows = [f"| [{name}](ops/{name[0].lower()}.md) | ✅ Defined |" for name in ("Ant", "Bee", "Cow", "Dog")]
    after = index_after(tmp_path, *head, *rows, "| [Fox](ops/f.md) | ⏳ Placeholder |")
    assert after[-1] == "| [Eel](ops/e.md) | ✅ Defined |"
