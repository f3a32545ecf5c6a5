"""Renames and moves: every reference follows, and no other byte changes."""

import os
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import AmbiguousError, ConflictError, InvalidTitleError, LibraryError, NotFoundError
from tests.conftest import snapshot, write_library

GUIDE = """\ufeff# Guide\r
\r
Inline [Design Review Procedure](feature/design-review.md), by its [short name](./feature/design-review.md "Title"),\r
[to a place](<feature/design-review.md#5-workflow>), [**Design Review**](/feature/design-review.md?plain=1#top),\r
by reference [Design Review Procedure][dr], [dr][], [dr], with its label [Design Review Procedure].\r
![picture](feature/design-review.md) <a class="x" href="feature/design-review.md">Design Review Procedure</a>\r
Raw `[Design Review Procedure](feature/design-review.md)`, and a name: Design Review\r
Procedure, but not the Interior Design Review Procedure, nor DESIGN REVIEW.  \r
\r
[dr]: feature/design-review.md\r
[design review procedure]:\r
  <feature/design-review.md> 'and a title'\r
[unused]: feature/design-review.md#9-definition-of-done\r
\r
```\r
[Design Review Procedure](feature/design-review.md)\r
```\r
<!-- [Design Review Procedure](feature/design-review.md) -->\r
<p>\r
<img src="feature/design-review.md"> <a href='feature/design-review.md#5-workflow'>Design Review Procedure</a>\r
</p>"""

RENAMED = """\ufeff# Guide\r
\r
Inline [Structure Choice Procedure](feature/structure-choice.md), by its [short name](./feature/structure-choice.md "Title"),\r
[to a place](<feature/structure-choice.md#5-workflow>), [**Structure Choice**](/feature/structure-choice.md?plain=1#top),\r
by reference [Structure Choice Procedure][dr], [dr][], [dr], with its label [Structure Choice Procedure][Design Review Procedure].\r
![picture](feature/structure-choice.md) <a class="x" href="feature/structure-choice.md">Structure Choice Procedure</a>\r
Raw `[Design Review Procedure](feature/design-review.md)`, and a name: Structure Choice\r
Procedure, but not the Interior Design Review Procedure, nor DESIGN REVIEW.  \r
\r
[dr]: feature/structure-choice.md\r
[design review procedure]:\r
  <feature/structure-choice.md> 'and a title'\r
[unused]: feature/structure-choice.md#9-definition-of-done\r
\r
```\r
[Design Review Procedure](feature/design-review.md)\r
```\r
<!-- [Design Review Procedure](feature/design-review.md) -->\r
<p>\r
<img src="feature/structure-choice.md"> <a href='feature/structure-choice.md#5-workflow'>Structure Choice Procedure</a>\r
</p>"""


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(text.encode())


def rename(root: Path, reference: str, title: str) -> None:
    project = Project.open(root)
    project.apply(project.refactor.rename(reference, title))


def move(root: Path, reference: str, destination: str) -> None:
    project = Project.open(root)
    project.apply(project.refactor.move(reference, destination))


def findings(root: Path) -> set[tuple[str, str]]:
    return {(f.rule, f.message) for f in Project.open(root).check().findings}


def test_links_of_every_form_follow_and_nothing_else_changes(root: Path) -> None:
    put(root, "guide.md", GUIDE)
    rename(root, "design-review", "Structure Choice Procedure")
    assert (root / "guide.md").read_bytes().decode() == RENAMED


def test_title_file_id_tables_plan_and_front_matter_follow(root: Path) -> None:
    before = snapshot(root)
    rename(root, "Design Review Procedure", "Structure Choice Procedure")
    after = snapshot(root)
    changed = {
        "feature/structure-choice.md": before["feature/design-review.md"]
        .replace(b"id: design-review", b"id: structure-choice")
        .replace(b"# Design Review Procedure", b"# Structure Choice Procedure"),
        "feature/design-review.md": b'---\nalias_of: "structure-choice.md"\nstatus: Alias\n---\n\n'
        b"# Design Review Procedure\n\nThis document is now [Structure Choice Procedure](structure-choice.md).\n",
    }
    for path in ("index.md", "feature/README.md", "feature/threat-check.md", "action-plan.md"):
        text = before[path].replace(b"Design Review Procedure", b"Structure Choice Procedure")
        changed[path] = text.replace(b"design-review.md", b"structure-choice.md")
    assert after == before | changed


def test_a_rename_brings_no_finding_and_old_names_still_lead_there(root: Path) -> None:
    before = findings(root)
    rename(root, "Threat Check Procedure", "Danger Survey Procedure")
    move(root, "danger-survey", "safety")
    rename(root, "Danger Survey Procedure", "Peril Procedure")
    assert findings(root) <= before
    library = Project.open(root).library()
    old = ["Threat Check Procedure", "threat-check", "feature/threat-check.md", "Danger Survey Procedure"]
    for name in [*old, "feature/danger-survey.md", "safety/danger-survey.md", "peril"]:
        assert library.find(name).path == "safety/peril.md", name


def test_a_name_that_comes_back_takes_the_place_of_its_alias(root: Path) -> None:
    before = snapshot(root)
    rename(root, "design-review", "Structure Choice Procedure")
    rename(root, "design-review", "Design Review Procedure")
    after = snapshot(root)
    assert b'alias_of: "design-review.md"' in after.pop("feature/structure-choice.md")
    assert after == before


def test_anchors_of_the_title_follow(root: Path) -> None:
    put(root, "guide.md", "# Guide\n\n[a](feature/design-review.md#design-review-procedure) [b](#see-design-review-procedure)\n"
        "\n## See Design Review Procedure\n\n## See design review procedure\n")  # fmt: skip
    put(root, "more.md", "# More\n\n[c](guide.md#see-design-review-procedure-1)\n")
    rename(root, "design-review", "Structure Choice Procedure")
    assert (root / "guide.md").read_text() == (
        "# Guide\n\n[a](feature/structure-choice.md#structure-choice-procedure) [b](#see-structure-choice-procedure)\n"
        "\n## See Structure Choice Procedure\n\n## See design review procedure\n"
    )
    assert (root / "more.md").read_text() == "# More\n\n[c](guide.md#see-design-review-procedure)\n"


def test_a_title_that_two_documents_share_follows_only_where_this_one_is_meant(root: Path) -> None:
    for folder in ("feature", "release"):
        put(root, f"{folder}/rollback.md", "# Rollback Procedure\n\nThe Rollback Procedure is this.\n")
        put(root, f"{folder}/near.md", "# Near Procedure\n\nSee the Rollback Procedure.\n")
    put(root, "far.md", "# Far\n\nSee the Rollback Procedure, or [Rollback Procedure](release/rollback.md).\n")
    with pytest.raises(AmbiguousError) as caught:
        rename(root, "Rollback Procedure", "Return Procedure")
    assert caught.value.hint == "say which by its path: feature/rollback.md, release/rollback.md"
    rename(root, "release/rollback.md", "Return Procedure")
    assert (root / "release/return.md").read_text() == "# Return Procedure\n\nThe Return Procedure is this.\n"
    assert (root / "feature/rollback.md").read_text() == "# Rollback Procedure\n\nThe Rollback Procedure is this.\n"
    assert "See the Return Procedure." in (root / "release/near.md").read_text()
    assert "See the Rollback Procedure." in (root / "feature/near.md").read_text()
    assert (
        root / "far.md"
    ).read_text() == "# Far\n\nSee the Rollback Procedure, or [Return Procedure](release/return.md).\n"


def test_yaml_values_keep_their_quotes_and_paths_follow(root: Path) -> None:
    head = (
        "---\r\ndepends_on: [\"Design Review Procedure\", 'Threat Check Procedure', design-review]  # order\r\n"
        "related: design-review.md\r\naliases:\r\n  - Design Review Procedure\r\nnote: Design Review Procedure of old\r\n---\r\n"
    )
    put(root, "feature/other.md", head + "\r\n# Other Procedure\r\n")
    rename(root, "design-review", "Structure: Choice Procedure")
    assert (root / "feature/other.md").read_bytes().decode() == head.replace(
        '"Design Review Procedure"', '"Structure: Choice Procedure"'
    ).replace("design-review]", "structure-choice]").replace("design-review.md", "structure-choice.md") + (
        "\r\n# Other Procedure\r\n"
    )


def test_setext_headings_closed_headings_and_bold_fields_keep_their_form(root: Path) -> None:
    put(root, "feature/one.md", "One Procedure\n=============\n\n**ID:** one  \n**Status:** Defined\n\nText.\n")
    put(
        root,
        "feature/two_three.md",
        "#  Two Three Procedure  ##\n\nThe **Two Three Procedure** and Two **Three** Procedure.\n",
    )
    rename(root, "feature/one.md", "Single Procedure")
    rename(root, "feature/two_three.md", "Four & Five Procedure")
    assert (root / "feature/single.md").read_text() == (
        "Single Procedure\n=============\n\n**ID:** single  \n**Status:** Defined\n\nText.\n"
    )
    assert (root / "feature/four_and_five.md").read_text() == (
        "#  Four & Five Procedure  ##\n\nThe **Four & Five Procedure** and Two **Three** Procedure.\n"
    )


def test_a_moved_document_keeps_its_links_in_their_manner(root: Path) -> None:
    put(root, "feature/pictures/a b (1).png", "")
    put(root, "feature/page.md", (
        "# Page\n\n[a](design-review.md#5-workflow) [b](./threat-check.md) [c](../index.md) [d](/index.md) [e](#page)\n"
        "[f](page.md#page) [g](pictures/) ![h](pictures/a%20b%20%281%29.png) ![i](<pictures/a b (1).png>)\n"
        '[j](https://example.org/x.md) [k](mailto:x@example.org) [l](gone.md) [m](../../out.md) <img src="pictures/">\n'
        '<img srcset="pictures/a.png, ../b.png 2x"> <video poster=pictures/c.png></video>\n'
        "[n]: README.md\n\n[n]: README.md\n"
    ))  # fmt: skip
    move(root, "feature/page.md", "deep/er/side.md")
    assert (root / "deep/er/side.md").read_text() == (
        "# Page\n\n[a](../../feature/design-review.md#5-workflow) [b](../../feature/threat-check.md) [c](../../index.md)"
        " [d](/index.md) [e](#page)\n"
        "[f](side.md#page) [g](../../feature/pictures/) ![h](../../feature/pictures/a%20b%20%281%29.png)"
        " ![i](<../../feature/pictures/a b (1).png>)\n"
        "[j](https://example.org/x.md) [k](mailto:x@example.org) [l](../../feature/gone.md) [m](../../../out.md)"
        ' <img src="../../feature/pictures/">\n'
        '<img srcset="../../feature/pictures/a.png, ../../b.png 2x"> '
        "<video poster=../../feature/pictures/c.png></video>\n"
        "[n]: README.md\n\n[n]: ../../feature/README.md\n"
    )
    assert (root / "feature/page.md").read_text().endswith("now [Page](../deep/er/side.md).\n")


def test_a_row_moves_with_its_document_to_the_other_readme(root: Path) -> None:
    put(
        root,
        "safety/README.md",
        "# Safety Lifecycle\n\n**Completion:** 0 of 0 defined\n\n| Procedure | Status |\n|---|---|\n",
    )
    move(root, "threat-check", "safety")
    assert (
        (root / "feature/README.md")
        .read_text()
        .endswith(
            "**Completion:** 1 of 1 defined\n\n## Procedures\n\n| Procedure | Phase | Status |\n|---|---|---|\n"
            "| [Design Review Procedure](design-review.md) | 1 | Defined |\n"
        )
    )
    assert (root / "safety/README.md").read_text() == (
        "# Safety Lifecycle\n\n**Completion:** 0 of 1 defined\n\n| Procedure | Status |\n|---|---|\n"
        "| [Threat Check Procedure](threat-check.md) | Placeholder |\n"
    )


def test_what_was_out_of_date_before_stays_so(root: Path) -> None:
    put(root, "index.md", (root / "index.md").read_text().replace("| 1 | Placeholder", "| 1 | Defined"))
    rename(root, "threat-check", "Danger Survey Procedure")
    assert "| [Danger Survey Procedure](feature/danger-survey.md) | 1 | Defined |" in (root / "index.md").read_text()


def test_a_linked_file_is_written_once_and_stays_linked(root: Path) -> None:
    put(root, "pages/real.md", "# Real\n\n[x](../feature/design-review.md)\n")
    (root / "pages/link.md").symlink_to("real.md")
    rename(root, "design-review", "Structure Choice Procedure")
    assert (root / "pages/link.md").is_symlink()
    assert "structure-choice.md" in (root / "pages/real.md").read_text()


@pytest.mark.parametrize(
    ("reference", "title", "error", "words"),
    [
        ("design-review", "Threat Check Procedure", InvalidTitleError, "title of feature/threat-check.md already"),
        ("design-review", "the threat-check", InvalidTitleError, "title of feature/threat-check.md already"),
        ("design-review", "Design Review Procedure", InvalidTitleError, "already has the title"),
        ("design-review", " ", InvalidTitleError, "empty"),
        ("design-review", "../up", InvalidTitleError, "cannot be the title"),
        ("design-review", "Team #", InvalidTitleError, "cannot be written as a heading"),
        ("design-review", "Taken", ConflictError, "feature/taken.md is there already"),
        ("nobody", "Other Procedure", NotFoundError, "no document"),
        ("linked", "Other Procedure", LibraryError, "feature/linked.md:1: the title is divided by"),
    ],
)
def test_a_rename_that_would_harm_is_refused(
    root: Path, reference: str, title: str, error: type[LibraryError], words: str
) -> None:
    put(root, "feature/taken.md", "# Somebody Else's\n")
    put(root, "feature/linked.md", "# See [here](x.md) Procedure\n")
    before = snapshot(root)
    with pytest.raises(error, match=words):
        rename(root, reference, title)
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("reference", "destination", "words"),
    [
        ("design-review", "..", "no place"),
        ("design-review", "/etc", "no place"),
        ("design-review", ".git/x.md", "no place"),
        ("design-review", "", "no place"),
        ("design-review", "feature", "there already"),
        ("design-review", "feature/threat-check.md", "threat-check.md is there already"),
        ("design-review", "index.md/", "is a file, not a folder"),
        ("index.md", "feature", "that the settings name"),
    ],
)
def test_a_move_that_would_harm_is_refused(root: Path, reference: str, destination: str, words: str) -> None:
    before = snapshot(root)
    with pytest.raises(LibraryError, match=words):
        move(root, reference, destination)
    assert snapshot(root) == before


def test_a_name_that_differs_in_case_alone_leaves_no_alias(root: Path) -> None:
    move(root, "design-review", "feature/Design-Review.md")
    assert sorted(os.listdir(root / "feature")) == ["Design-Review.md", "README.md", "threat-check.md"]
    Project.open(root).undo()
    assert sorted(os.listdir(root / "feature")) == ["README.md", "design-review.md", "threat-check.md"]


def test_a_readme_moves_and_keeps_its_name(root: Path) -> None:
    (root / "notes").mkdir()
    put(root, "notes/README.md", "# Notes\n\n[x](../feature/design-review.md)\n")
    put(root, "guide.md", "# Guide\n\n[Notes](notes/README.md) [folder](notes/)\n")
    rename(root, "notes/README.md", "Remarks")
    move(root, "notes/README.md", "deep/er")
    assert (root / "deep/er/README.md").read_text() == "# Remarks\n\n[x](../../feature/design-review.md)\n"
    assert (root / "guide.md").read_text() == "# Guide\n\n[Remarks](deep/er/README.md) [folder](notes/)\n"


def test_no_name_is_lost_when_an_alias_makes_room(root: Path) -> None:
    rename(root, "design-review", "Structure Choice Procedure")
    rename(root, "design-review", "Third Name Procedure")
    move(root, "third-name", "feature/structure-choice.md")
    library = Project.open(root).library()
    assert b'aliases:\n  - "Structure Choice Procedure"\n' in (root / "feature/third-name.md").read_bytes()
    for name in (
        "Design Review Procedure",
        "Structure Choice Procedure",
        "Third Name Procedure",
        "feature/third-name.md",
    ):
        assert library.find(name).path == "feature/structure-choice.md"


def test_an_alias_of_another_document_is_not_overwritten(root: Path) -> None:
    rename(root, "design-review", "Structure Choice Procedure")
    with pytest.raises(InvalidTitleError, match=r"title of feature/design-review\.md already"):
        rename(root, "threat-check", "Design Review Procedure")
    with pytest.raises(ConflictError, match=r"is an alias of feature/structure-choice\.md"):
        move(root, "threat-check", "feature/design-review.md")


def test_without_an_alias_the_old_path_is_free(root: Path) -> None:
    project = Project.open(root)
    change = project.refactor.rename("design-review", "Structure Choice Procedure", alias=False)
    assert {"path": "feature/design-review.md", "action": "delete"} in change.as_json()
    project.apply(change)
    assert not (root / "feature/design-review.md").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("#\n\nWords.\n", "#\n\nWords.\n"),
        ("# <!-- no title -->\n\nWords.\n", "# <!-- no title -->\n\nWords.\n"),
        ("# ![](a.png)\n\nWords.\n", "# ![](a.png)\n\nWords.\n"),
        ("---\ntitle: Old One\n---\n\n#\n\nWords.\n", "---\ntitle: Grand Finale Procedure\n---\n\n#\n\nWords.\n"),
        ("# !!!\n\nWords.\n", "# Grand Finale Procedure\n\nWords.\n"),
        ("# \\*\n\nWords.\n", "# Grand Finale Procedure\n\nWords.\n"),
    ],
)
def test_a_heading_without_words_is_no_title_to_rewrite(root: Path, before: str, after: str) -> None:
    put(root, "feature/bare.md", before)
    put(root, "guide.md", "# Guide\n\nSee [it](feature/bare.md).\n")
    rename(root, "feature/bare.md", "Grand Finale Procedure")
    assert (root / "feature/grand-finale.md").read_text() == after
    assert (root / "guide.md").read_text() == "# Guide\n\nSee [it](feature/grand-finale.md).\n"


@pytest.mark.parametrize("form", ["[x]({})", "[x][r]\n\n[r]: {}", '<a href="{}">x</a>', "![x](<{}>)"])
@pytest.mark.parametrize(
    ("written", "after"),
    [
        ("/docs/library/feature/threat-check.md#1-purpose", "/docs/library/feature/danger-survey.md#1-purpose"),
        ("/feature/threat-check.md", "/feature/danger-survey.md"),
        ("../library/feature/threat-check.md?plain=1", "../library/feature/danger-survey.md?plain=1"),
        ("../../docs/library/feature/threat-check.md", "../../docs/library/feature/danger-survey.md"),
        ("/docs/feature/threat-check.md", "/docs/feature/threat-check.md"),
        ("../feature/threat-check.md", "../feature/threat-check.md"),
        ("/docs/library/index.md", "/docs/library/index.md"),
    ],
)
def test_a_link_by_way_of_the_repository_follows(tmp_path: Path, form: str, written: str, after: str) -> None:
    (tmp_path / ".git").mkdir()
    root = write_library(tmp_path / "docs/library", **{"guide.md": f"# Guide\n\n{form.format(written)}\n"})
    rename(root, "threat-check", "Danger Survey Procedure")
    assert (root / "guide.md").read_text() == f"# Guide\n\n{form.format(after)}\n"


def test_a_document_that_moves_keeps_its_links_by_way_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    links = "[a](/docs/library/index.md) [b](../library/index.md) [c](../gone.md) [d](/docs/library/guide.md)"
    root = write_library(tmp_path / "docs/library", **{"guide.md": f"# Guide\n\n{links}\n"})
    move(root, "guide.md", "inner/guide.md")
    assert (root / "inner/guide.md").read_text() == (
        "# Guide\n\n[a](/docs/library/index.md) [b](../index.md) [c](../../gone.md) [d](/docs/library/inner/guide.md)\n"
    )


@pytest.mark.parametrize("link", ["[a](#)", "[a]()", "[a][r]\n\n[r]: #", '<a href="#">a</a>'])
def test_a_link_that_names_nothing_stays_when_its_document_moves(root: Path, link: str) -> None:
    put(root, "guide.md", f"# Guide\n\n{link}\n")
    move(root, "guide.md", "inner/guide.md")
    assert (root / "inner/guide.md").read_text() == f"# Guide\n\n{link}\n"


def test_a_deprecated_document_leaves_no_link_by_way_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    text = "# Guide\n\nSee [the check](/docs/library/feature/threat-check.md).\n"
    root = write_library(tmp_path / "docs/library", **{"feature/guide.md": text})
    project = Project.open(root)
    project.apply(project.refactor.deprecate("threat-check", by="design-review"))
    assert "(/docs/library/feature/design-review.md)" in (root / "feature/guide.md").read_text()
