"""What a rename leaves of a link's text, form by form; and what is refused with its line."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import LibraryError
from tests.conftest import snapshot

SETTINGS = '[library]\nindex = "index.md"\n\n[templates]\n"**/*.md" = ""\n'


def library(folder: Path, **files: str) -> Project:
    whole = {"procauthor.toml": SETTINGS, "index.md": "# Index\n", "old.md": "# Night Watch Procedure\n\nText.\n"}
    for name, text in (whole | {f"{key}.md": text for key, text in files.items()}).items():
        (folder / name).write_bytes(text.encode())
    return Project.open(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[the **Night Watch Procedure**](old.md)", "[the **Day Watch Procedure**](day-watch.md)"),
        ("[**Night** Watch Procedure](old.md)", "[**Day** Watch Procedure](day-watch.md)"),
        ("[*Night Watch* procedure](old.md)", "[*Day Watch* procedure](day-watch.md)"),
        ("[`Night Watch Procedure`](old.md)", "[`Day Watch Procedure`](day-watch.md)"),
        ('[The `Night Watch`](old.md "T")', '[The `Day Watch`](day-watch.md "T")'),
        ("[[Night Watch Procedure]](old.md)", "[[Day Watch Procedure]](day-watch.md)"),
        ("[“Night Watch Procedures”](<old.md>)", "[“Day Watch Procedures”](<day-watch.md>)"),
        ("[![Night Watch Procedure](p.png)](old.md)", "[![Day Watch Procedure](p.png)](day-watch.md)"),
        ("[see Night\nWatch Procedure](old.md)", "[see Day\nWatch Procedure](day-watch.md)"),
        ("> [Night\n> Watch Procedure](old.md)", "> [Day\n> Watch Procedure](day-watch.md)"),
        ("# [Night Watch Procedure](old.md)", "# [Day Watch Procedure](day-watch.md)"),
        ("| [Night Watch](old.md) |\n|---|", "| [Day Watch](day-watch.md) |\n|---|"),
        ("- [ ] [Night Watch](./old.md#x)", "- [ ] [Day Watch](./day-watch.md#x)"),
        ("[elsewhere](old.md) [old.md](old.md)", "[elsewhere](day-watch.md) [day-watch.md](day-watch.md)"),
        ("![Night Watch Procedure](old.md)", "![Night Watch Procedure](day-watch.md)"),
        ("~~The Night Watch Procedure~~", "~~The Day Watch Procedure~~"),
        ("The Night *Watch* Procedure", "The Day *Watch* Procedure"),
        ("`Night Watch Procedure`\n\n    Night Watch Procedure", "`Night Watch Procedure`\n\n    Night Watch Procedure"),
        ('<a href="old.md">the Night Watch Procedure</a>', '<a href="day-watch.md">the Day Watch Procedure</a>'),
        ("<a title='a > b' href=\"old.md\">x</a>", "<a title='a > b' href=\"day-watch.md\">x</a>"),
        ("- a\n  - <a\n    href='old.md'>x</a>", "- a\n  - <a\n    href='day-watch.md'>x</a>"),
        ("> ü <a\r\n>  href=old.md>x</a>", "> ü <a\r\n>  href=day-watch.md>x</a>"),
        ("<map><area href='old.md'></map>", "<map><area href='day-watch.md'></map>"),
        ("[Night Watch Procedure ↗](old.md)", "[Day Watch Procedure ↗](day-watch.md)"),
        ("[👉 The Night Watch (!)](old.md)", "[👉 The Day Watch (!)](day-watch.md)"),
        ("[the night watch procedure](old.md)", "[the day watch procedure](day-watch.md)"),
        ("[NIGHT WATCH](old.md)", "[DAY WATCH](day-watch.md)"),
        ('[it](old.md "Night Watch Procedure")', '[it](day-watch.md "Day Watch Procedure")'),
        ("[Night Watch](old.md 'See the Night Watch Procedure')", "[Day Watch](day-watch.md 'See the Day Watch Procedure')"),
        ("[it](old.md (The Night Watch))", "[it](day-watch.md (The Day Watch))"),
        ('![x](<old.md>\n"Night Watch")', '![x](<day-watch.md>\n"Day Watch")'),
        ('[it][r]\n\n[r]: old.md\n  "Night Watch"', '[it][r]\n\n[r]: day-watch.md\n  "Day Watch"'),
        ('[a](old.md "Some \\"Night\\" Watch")', '[a](day-watch.md "Some \\"Night\\" Watch")'),
        ('[a](index.md "Night Watch")', '[a](index.md "Night Watch")'),
    ],
)  # fmt: skip
def test_only_the_words_that_differ_change(tmp_path: Path, text: str, expected: str) -> None:
    project = library(tmp_path, user=f"Before.\n\n{text}\n\nAfter.\n")
    project.apply(project.refactor.rename("old.md", "Day Watch Procedure", alias=False))
    assert (tmp_path / "user.md").read_bytes().decode() == f"Before.\n\n{expected}\n\nAfter.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Night Watch Procedure]", "[Day Watch Procedure][Night Watch Procedure]"),
        ("[Night Watch Procedure][]", "[Day Watch Procedure][Night Watch Procedure]"),
        ("[Night Watch Procedure][night  watch procedure]", "[Day Watch Procedure][night  watch procedure]"),
        ("[it][Night Watch Procedure]", "[it][Night Watch Procedure]"),
    ],
)
def test_references_keep_their_labels(tmp_path: Path, text: str, expected: str) -> None:
    end = "\n\n[Night Watch Procedure]: old.md 'T'\n"
    project = library(tmp_path, user=text + end)
    project.apply(project.refactor.rename("old.md", "Day Watch Procedure", alias=False))
    assert (tmp_path / "user.md").read_text() == expected + end.replace("old.md", "day-watch.md")


@pytest.mark.parametrize(
    ("opened", "closed", "title"), [('"', '"', 'A \\"Day\\" (Watch)'), ("(", ")", 'A "Day" \\(Watch\\)')]
)
def test_a_title_of_a_link_keeps_its_quotes(tmp_path: Path, opened: str, closed: str, title: str) -> None:
    project = library(tmp_path, user=f"[it](old.md {opened}Night Watch Procedure{closed})\n")
    project.apply(project.refactor.rename("old.md", 'A "Day" (Watch)', alias=False))
    assert f"{opened}{title}{closed})" in (tmp_path / "user.md").read_text()


@pytest.mark.parametrize("how", ["deprecate", "merge"])
def test_deprecate_and_merge_go_the_same_way(tmp_path: Path, how: str) -> None:
    text = (
        "[the **Night Watch Procedure**](old.md) [**Night** Watch Procedure][]\n\n[**Night** Watch Procedure]: old.md\n"
    )
    project = library(tmp_path, user=text, new="# Day Watch Procedure\n\nText.\n")
    project.apply(getattr(project.refactor, how)("old.md", "new.md"))
    expected = "[the **Day Watch Procedure**](new.md) [**Day** Watch Procedure][**Night** Watch Procedure]"
    assert (tmp_path / "user.md").read_text() == f"{expected}\n\n[**Night** Watch Procedure]: new.md\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [("Text.\n\n[**Night** `Watch` *Procedure*](old.md)\n", 3), ("[`Night` **Watch**](old.md)\n", 1)],
)
def test_a_divided_name_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    project = library(tmp_path, user=text)
    before = snapshot(tmp_path)
    with pytest.raises(LibraryError, match=rf"^user.md:{line}: the name in the link"):
        project.refactor.rename("old.md", "Sentinel")
    assert snapshot(tmp_path) == before


def test_names_keep_their_signs(tmp_path: Path) -> None:
    text = "The C# Build Procedure, the C++ Build Procedure, the C Build Procedure, [C#](c.md).\n"
    project = library(tmp_path, user=text, c="# C# Build Procedure\n", n="# .NET Review Procedure\n")
    project.apply(project.refactor.rename("c.md", "F# Build Procedure", alias=False))
    expected = "The F# Build Procedure, the C++ Build Procedure, the C Build Procedure, [C#](f-build.md).\n"
    assert (tmp_path / "user.md").read_text() == expected
    project.apply(project.refactor.rename("n.md", "Node.js Review Procedure", alias=False))
    assert project.library().find("Node.js Review Procedure").path == "node-js-review.md"


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Deploy [Prod] Procedure", r"Deploy \[Prod\] Procedure"),
        ("Deploy (Prod) Procedure", "Deploy (Prod) Procedure"),
        ("Deploy: Second Ring Procedure", "Deploy: Second Ring Procedure"),
        ("Größe #2 🚀 Procedure", "Größe #2 🚀 Procedure"),
        ("部署 Procedure", "部署 Procedure"),
        ("Green | Blue Procedure", r"Green \| Blue Procedure"),
    ],
)
def test_a_title_with_signs_is_found_in_running_text(tmp_path: Path, title: str, heading: str) -> None:
    text = "After the Night Watch Procedure, [Night Watch](old.md).\n"
    project = library(tmp_path, user=text)
    project.apply(project.refactor.rename("old.md", title, alias=False))
    named = project.library().find(title)
    assert named.document.source.raw.decode().startswith(f"# {heading}\n")
    assert f"After the {heading}, [" in (tmp_path / "user.md").read_text()
    assert not [f for f in project.check().findings if f.severity == "error" and f.rule != "index-missing-entry"]
    project.apply(project.refactor.rename(named.path, "Night Watch Procedure", alias=False))
    assert (tmp_path / "user.md").read_text() == text.replace("old.md", "night-watch.md")


def test_a_library_within_a_library_is_its_own(tmp_path: Path) -> None:
    inner = "[outer](../old.md)\n\n# Inner Procedure\n"
    project = library(tmp_path)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/procauthor.toml").write_text(SETTINGS)
    (tmp_path / "inner/in.md").write_text(inner)
    (tmp_path / "user.md").write_text("[in](inner/in.md)\n")
    assert [p.path for p in project.library().procedures] == ["index.md", "old.md", "user.md"]
    assert not [f for f in project.check().findings if f.rule == "broken-link"]
    with pytest.raises(LibraryError, match="a library of its own"):
        project.refactor.move("old.md", "inner")


def test_an_id_is_text(tmp_path: Path) -> None:
    project = library(
        tmp_path, one="---\nid: 0010\n---\n# One\n", two="---\nid: 1.10\ndepends_on: [0010]\n---\n# Two\n"
    )
    whole = project.library()
    assert (whole.by_path["one.md"].id, whole.by_path["two.md"].id) == ("0010", "1.10")
    assert whole.by_path["two.md"].depends_on == ("0010",)
    assert whole.find("0010").path == "one.md"
    assert not [f for f in project.check().findings if f.rule == "unknown-procedure"]


OPEN = {"fence": "```\nx", "tildes": "~~~~\nx\n~~~", "comment": "<!-- x", "pre": "<pre>\nx", "script": "<script>\n\nx"}


@pytest.mark.parametrize("form", OPEN)
@pytest.mark.parametrize("into", [True, False])
def test_an_open_block_swallows_nothing(tmp_path: Path, form: str, into: bool) -> None:  # noqa: FBT001
    one = "# One Procedure\n\n## Learn more\n\nText.\n"
    project = library(tmp_path, one=one, two=f"# Two Procedure\n\nText.\n\n{OPEN[form]}\n")
    before = snapshot(tmp_path)
    pair = ("one.md", "two.md") if into else ("two.md", "one.md")
    with pytest.raises(LibraryError, match=r"^(two.md:5|one.md:3): ") as caught:
        project.refactor.merge(*pair)
    assert caught.value.hint.startswith("nothing was changed")
    assert snapshot(tmp_path) == before


def test_two_footnotes_of_one_label_are_refused(tmp_path: Path) -> None:
    text = "# {0} Procedure\n\n## {0} notes\n\nText.[^1]\n\n[^1]: Note.\n"
    project = library(tmp_path, one=text.format("One"), two=text.format("Two"))
    with pytest.raises(LibraryError, match=r"one.md:7: two.md has a footnote '1' too"):
        project.refactor.merge("one.md", "two.md")


def test_bold_metadata_stay_metadata(tmp_path: Path) -> None:
    project = library(tmp_path, one="# One\n\n**Owner:** me\n**Phase:** 2\n\nText.\n", two="# Two *x*\n\nText.\n")
    project.apply(project.refactor.deprecate("one.md", "two.md"))
    document = project.library().by_path["one.md"].document
    assert {"owner": "me", "phase": "2", "status": "Deprecated"}.items() <= document.metadata.items()


def test_settings_follow_where_they_name_the_document_and_nowhere_else(tmp_path: Path) -> None:
    before = """\
[library]
index = "index.md"
exclude = ["other.md", "old.md.bak"]
[templates]
'old.md' = ""  # "old.md" is the oldest one
"**/*.md" = ""
[conventions]
procedures = ["old.md"]
[conventions.titles.names]
"old.md" = "Night Watch Procedure"
[conventions.status.words]
"old.md" = "defined"
[sections.synonyms]
"Part" = ["old.md"]
"""
    library(tmp_path)
    (tmp_path / "procauthor.toml").write_text(before)
    project = Project.open(tmp_path)
    project.apply(project.refactor.rename("old.md", "Day Watch Procedure"))
    own = ("'old.md' =", 'procedures = ["old.md"]', '"old.md" = "Night Watch Procedure"')
    expected = before
    for line in own:
        expected = expected.replace(line, line.replace("'", '"').replace("old.md", "day-watch.md"))
    assert (tmp_path / "procauthor.toml").read_text() == expected
