"""Titles and file names with signs that mean something in Markdown or in addresses."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.library.reference import relative, resolve
from procauthor.markdown.document import escape, write_link
from procauthor.markdown.parse import parse
from procauthor.naming import title_key

SETTINGS = '[library]\nindex = "index.md"\n\n[templates]\n"**/*.md" = ""\n'
TABLE = "# Ops\n\n| Procedure | Status |\n|---|---|\n"
TITLES = [
    "Fix [urgent] now",
    "Half [open",
    "a | b",
    "<b> & &lt;",
    "*x* _y_ a_b __c__",
    "`x` ``",
    "C:\\dir",
    "![x](y)",
    "~~no~~",
    "[x](y)",
    "&amp;",
    "1 < 2",
]
NAMES = [
    "a#b",
    "a?b",
    "a%20b",
    "a b",
    "a(b",
    "a)b",
    "c:x",
    "q&lt;",
    'x"y',
    "it's",
    "[x]",
    "a|b",
    "<x>",
    "a\\b",
    "ü",
    "`x`",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_shown_letter_by_letter(title: str) -> None:
    link = write_link(title, "x.md")
    for text in (link, f"# {link}", f"| {link} |\n|---|\n", f"- *{link}*"):
        links = parse(text.encode()).links
        assert [(each.text, each.target) for each in links] == [(title, "x.md")]
    assert parse(f"# {escape(title)}\n".encode()).title == title


@pytest.mark.parametrize("name", NAMES)
def test_a_link_leads_to_a_file_of_any_name(name: str) -> None:
    for source in ("index.md", "ops/x.md", "other/y.md"):
        written = relative(source, f"ops/{name}.md")
        (link,) = parse(write_link("t", written).encode()).links
        assert resolve(source, link.target).path == f"ops/{name}.md"


def test_a_second_sync_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / "procauthor.toml").write_text(SETTINGS)
    (tmp_path / "index.md").write_text("# Index\n")
    (tmp_path / "ops/README.md").write_text(TABLE)
    for number, title in enumerate(TITLES):
        (tmp_path / f"ops/t{number}.md").write_text(f"# {escape(title)} Procedure\n\nText.\n")
    for number, name in enumerate(NAMES):
        (tmp_path / f"ops/{name}.md").write_text(f"# Number {number} Procedure\n\nText.\n")
    project = Project.open(tmp_path)
    project.apply(project.sync())
    assert not project.sync().edits
    readme = project.library().by_path["ops/README.md"]
    assert {p.path for p in project.library().counted} == {target.path for target in readme.resolved}
    assert not [f for f in project.check().findings if f.severity == "error"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("C Build", "C++ Build", False),
        ("C# Build", "C++ Build", False),
        ("F# Build", "F Build", False),
        (".NET Review", "Net Review", False),
        ("Node.js Upgrade", "Node js Upgrade", False),
        ("A/B Test", "B Test", False),
        ("Plan A Procedure", "Plan Procedure", False),
        ("R&D Handover", "R and D handover", True),
        ("The API Design Procedure", "**api-design**", True),
        ("Choose a Vendor", "Choose Vendor", True),
        ("the procedure", "Procedure", True),
    ],
)
def test_signs_make_another_name(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert (title_key(one) == title_key(other)) is same
