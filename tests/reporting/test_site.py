"""The pages for readers: what leads where, what is never asked of the network, and whose folder it is."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from procauthor import Project
from tests.cli.inside import run, run_json
from tests.conftest import snapshot, write_library

HOSTILE = """---
status: Defined
---

# Notes

<script>alert(1)</script>
<img src="x" onerror="alert(1)"> <svg onload="alert(1)"><a href="javascript:alert(1)">a</a></svg>
<a href="javascript:alert(1)">b</a> <a href=" java\tscript:alert(1)">c</a> [d](javascript:alert(1)) [e](data:text/html,x)
<iframe src="https://evil.example"></iframe><form action="https://evil.example"><button>x</button></form>
<p style="background:url(https://evil.example/x)" onclick="alert(1)">words</p>
<details open><summary>more</summary>inside</details> <link rel="stylesheet" href="https://evil.example/x.css">
<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example">

![badge](https://evil.example/badge.png) [![linked](https://evil.example/b.png)](https://good.example) <img src="//evil.example/c.png" alt="raw > 1">

![plan](plan.svg) ![photo](photo.png) ![gone](gone.png) ![out](../../secret.png)

## `{{ 7 * 7 }}` & <b>bold</b> {#own-id}

[self](#own-id) [page](page.html) [data](data.csv) [folder](../feature/) [folder too](../feature)
[nowhere](nowhere.md) [bad anchor](../feature/design-review.md#nothing) [good](../feature/design-review.md#5-workflow)
[http](https://example.org/a?b=c) [mail](mailto:a@example.org) [[::1]](http://[broken)

> [!WARNING]
> Hot.

- [ ] open
- [x] done

Text[^1] ~~old~~.

[^1]: A note.

```mermaid
graph LR; a --> b
```

| a | b |
|---|---|
| 1 | <script>2</script> |
"""


class Page(HTMLParser):
    """The links, ids and elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.attributes |= set(values)
        self.ids += [str(values[name]) for name in ("id", "name") if values.get(name) and tag != "meta"]
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        self.loaded += [
            str(values[name]) for name in ("src", "srcset", "data-search", "poster", "action") if values.get(name)
        ]
        if tag == "link":
            self.loaded.append(str(values["href"]))


def build(root: Path, folder: Path) -> dict[str, Page]:
    run("-C", root, "site", folder)
    return {
        p.relative_to(folder).as_posix(): Page(p.read_text(encoding="utf-8")) for p in sorted(folder.rglob("*.html"))
    }


def require_whole(pages: dict[str, Page], folder: Path) -> None:
    """Every link within the site resolves, and nothing that is loaded comes from elsewhere."""
    for name, page in pages.items():
        for target in page.loaded:
            assert target.startswith("data:image/svg+xml;base64,") or not urlsplit(target).scheme, (name, target)
        for target in [*page.links, *(each for each in page.loaded if not each.startswith("data:"))]:
            parts = urlsplit(target)
            if parts.scheme:
                assert parts.scheme in ("http", "https", "mailto"), (name, target)
                continue
            place = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
            assert place.resolve().is_file(), (name, target)
            assert place.resolve().is_relative_to(folder.resolve()), (name, target)
            if parts.fragment:
                other = place.resolve().relative_to(folder.resolve()).as_posix()
                assert unquote(parts.fragment) in pages[other].ids, (name, target)
        ids = [each for each in page.ids if not each.startswith("fn")]
        assert len(ids) == len(set(ids)), (name, ids)
    for file in folder.rglob("*"):
        if file.suffix in (".css", ".js") and file.name != "search.js":
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"https?:|@import|url\(\s*['\"]?(?!#)", text), file
            assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|eval|innerHTML)\b", text), file


def search_index(folder: Path) -> dict[str, Any]:
    text = (folder / "assets/search.js").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.removeprefix("window.procauthorSearch = ").rstrip().removesuffix(";"))
    return found


def test_a_library_becomes_pages_that_lead_to_each_other(root: Path, tmp_path: Path) -> None:
    before = snapshot(root)
    pages = build(root, tmp_path / "site")
    assert snapshot(root) == before
    require_whole(pages, tmp_path / "site")
    review = (tmp_path / "site/pages/feature/design-review.html").read_text(encoding="utf-8")
    assert review.count("<h1") == 1
    assert 'href="threat-check.html"' in review
    assert "is named as user of Component Diagram" in review or "depends on it" in review, "who uses it"
    assert '<h2 id="5-workflow">5. Workflow</h2>' in review
    assert 'href="../../lifecycles/feature.html"' in review
    assert "Release Check Procedure" in (tmp_path / "site/lifecycles/feature.html").read_text(encoding="utf-8")
    index = search_index(tmp_path / "site")
    hit = next(part for part in index["parts"] if "name its owner" in part[3])
    assert index["pages"][hit[0]][:2] == ["Design Review Procedure", "pages/feature/design-review.html"]
    assert (hit[1], hit[2]) == ("Step 1: Draw the parts", "step-1-draw-the-parts")


def test_a_checklist_has_a_box_for_each_action_decision_and_output(root: Path, tmp_path: Path) -> None:
    pages = build(root, tmp_path / "site")
    text = (tmp_path / "site/pages/feature/design-review.checklist.html").read_text(encoding="utf-8")
    for words in ("Draw every component", "If no option meets", "Made: Component Diagram", "The record is merged."):
        assert words in text
    assert text.count('type="checkbox"') == 1 + 3 + 1 + 3 + 2
    assert "pages/feature/threat-check.checklist.html" not in pages, "it has no step"


def test_nothing_of_a_document_runs_or_is_fetched(tmp_path: Path) -> None:
    root = write_library(tmp_path / "library", **{"feature/notes.md": HOSTILE})
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for name, content in {
        "plan.svg": svg,
        "photo.png": "png",
        "data.csv": "1",
        "page.html": "<script>1</script>",
    }.items():
        (root / "feature" / name).write_text(content)
    (tmp_path / "secret.png").write_text("x")
    (root / "feature/escape.png").symlink_to(tmp_path / "secret.png")
    pages = build(root, tmp_path / "site")
    require_whole(pages, tmp_path / "site")
    page = pages["pages/feature/notes.html"]
    assert {"iframe", "form", "base", "svg"}.isdisjoint(page.tags[page.tags.index("main") : page.tags.index("section")])
    assert page.tags.count("script") == 1, "our own"
    assert not [name for name in page.attributes if name.startswith("on")]
    text = (tmp_path / "site/pages/feature/notes.html").read_text(encoding="utf-8")
    for words in (
        '<a href="https://evil.example/badge.png">picture: badge</a>',
        '<a href="https://good.example">picture: linked</a>',
        '<span id="own-id"></span>',
        "{{ 7 * 7 }}",
        "<strong>Warning: </strong>",
        '<input checked="checked" type="checkbox" disabled="disabled"> done',
        "graph LR; a --&gt; b",
        '<div class="scroll" tabindex="0" role="region" aria-label="Table 1"><table>',
        'href="../../files/feature/data.csv"',
        'href="README.html"',
        'href="design-review.html#5-workflow"',
        'href="design-review.html">bad anchor',
        'src="../../files/feature/photo.png"',
        'src="data:image/svg+xml;base64,',
        "<details open",
        "raw &gt; 1",
        'href="#fn1"',
    ):
        assert words in text, words
    files = {p.name for p in (tmp_path / "site/files").rglob("*") if p.is_file()}
    assert files == {"photo.png", "data.csv"}
    dead = run_json("-C", root, "site", tmp_path / "site")["dead_links"]
    assert {"nowhere.md", "gone.png", "../feature/design-review.md#nothing"} <= {each["target"] for each in dead}


def test_a_folder_of_somebody_else_is_refused_and_ours_is_kept_up_to_date(root: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "index.html").write_text("mine")
    for place in (foreign, root, tmp_path, foreign / "index.html"):
        refused = run("-C", root, "site", place, code=2)
        assert "hint: name a folder" in refused.stderr
    (foreign / "procauthor-site.json").write_text('{"made_by": "somebody", "files": ["index.html"]}')
    run("-C", root, "site", foreign, code=2)
    assert (foreign / "index.html").read_text() == "mine"

    folder = tmp_path / "site"
    first = run_json("-C", root, "site", folder)
    assert first["changed"] == first["files"]
    assert run_json("-C", root, "site", folder)["changed"] == 0, "the same library gives the same bytes"
    (folder / "CNAME").write_text("docs.example.org")
    (root / "feature/threat-check.md").unlink()
    assert run_json("-C", root, "site", folder)["removed"] == ["pages/feature/threat-check.html"]
    assert (folder / "CNAME").read_text() == "docs.example.org"
    (folder / "pages/feature/new.html").write_text("by hand")
    (root / "feature/new.md").write_text("# New Procedure\n")
    assert "would be replaced" in run("-C", root, "site", folder, code=2).stderr


def test_a_list_of_files_from_elsewhere_removes_nothing_outside(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    run("-C", root, "site", folder)
    (tmp_path / "precious").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file").write_text("x")
    (folder / "link").symlink_to(tmp_path / "other")
    listed = json.loads((folder / "procauthor-site.json").read_text())
    listed["files"] += ["../precious", str(tmp_path / "precious"), "link/file", "a/../../precious"]
    (folder / "procauthor-site.json").write_text(json.dumps(listed))
    run("-C", root, "site", folder)
    assert (tmp_path / "precious").exists()
    assert (tmp_path / "other/file").exists()


def test_drafts_wait_with_their_diff(root: Path, tmp_path: Path) -> None:
    run("-C", root, "update", "Design Review Procedure", "add trigger: a <b>law</b> changes")
    pages = build(root, tmp_path / "site")
    require_whole(pages, tmp_path / "site")
    text = (tmp_path / "site/drafts.html").read_text(encoding="utf-8")
    assert re.search(r'<span class="add">\+- A &amp;lt;b', text, re.IGNORECASE)
    assert "Drafts to review (1)" in (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "waits for review" in (tmp_path / "site/pages/feature/design-review.html").read_text(encoding="utf-8")


def test_approvals_and_owners_are_shown_on_pages_and_in_the_report(root: Path, tmp_path: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("status: Defined", "status: Defined\nowner: Platform <team>"))
    run("-C", root, "approve", "Design Review Procedure", "--by", "Ada", "--role", "Lead")
    pages = build(root, tmp_path / "site")
    require_whole(pages, tmp_path / "site")
    for name in ("pages/feature/design-review.html", "lifecycles/feature.html", "evaluation.html", "documents.html"):
        text = (tmp_path / "site" / name).read_text(encoding="utf-8")
        assert "Platform &lt;team&gt;" in text
        assert "Ada (Lead) on " in text
    assert 'href="pages/feature/design-review.html"' in (tmp_path / "site/evaluation.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("flavour", ["github", "gitlab", "mkdocs"])
def test_anchors_are_those_that_the_library_uses(tmp_path: Path, flavour: str) -> None:
    text = "# Odd\n\n## A -- B\n\n## A -- B\n\n## 7\n\n## Übung\n\n- # nested\n"
    root = tmp_path / "library"
    root.mkdir()
    (root / "procauthor.toml").write_text(f'[links]\nslugs = "{flavour}"\n')
    (root / "odd.md").write_text(text)
    pages = build(root, tmp_path / "site")
    expected = {
        "github": ["odd", "a----b", "a----b-1", "7", "übung", "nested"],
        "gitlab": ["odd", "a-b", "a-b-1", "anchor-7", "übung", "nested"],
        "mkdocs": ["odd", "a-b", "a-b_1", "7", "ubung", "nested"],
    }
    ids = pages["pages/odd.html"].ids
    assert [each for each in ids if each in expected[flavour]] == expected[flavour]


@pytest.mark.parametrize(
    "name", ["a b.md", "100%.md", "what?.md", "c#.md", "ü.md", "A.md", "a.markdown", "a.checklist.md", "con&<x>.md"]
)
def test_any_name_of_a_file_can_be_reached(tmp_path: Path, name: str) -> None:
    root = tmp_path / "library"
    (root / "x y").mkdir(parents=True)
    for path in (f"x y/{name}", "a.md", name):
        (root / path).write_text(f"# {path.replace('.', ' ')}\n\n## Work\n\n1. One\n")
    pages = build(root, tmp_path / "site")
    require_whole(pages, tmp_path / "site")


def test_a_translation_and_its_source_lead_to_each_other(root: Path, tmp_path: Path) -> None:
    (root / "feature/pruefen.md").write_text(
        "---\ntranslation_of: Threat Check Procedure\n---\n\n# Prüfen\n", encoding="utf-8"
    )
    run("-C", root, "site", tmp_path / "site")
    pages = tmp_path / "site/pages/feature"
    assert '<dt>Translation of</dt><dd><a href="threat-check.html">' in (pages / "pruefen.html").read_text(
        encoding="utf-8"
    )
    assert '<dt>Translations</dt><dd><a href="pruefen.html">' in (pages / "threat-check.html").read_text(
        encoding="utf-8"
    )


def test_an_empty_library_and_documents_without_titles_have_pages(tmp_path: Path) -> None:
    root = tmp_path / "library"
    root.mkdir()
    require_whole(build(root, tmp_path / "empty"), tmp_path / "empty")
    (root / "bare.md").write_text("words\n\n# Late\n\n# Later\n")
    (root / "void.md").write_text("")
    (root / "front.md").write_text("---\ntitle: From the front\n---\ntext\n")
    pages = build(root, tmp_path / "site")
    require_whole(pages, tmp_path / "site")
    assert "From the front" in (tmp_path / "site/pages/front.html").read_text(encoding="utf-8")


def test_the_report_leads_to_the_documents_or_where_the_settings_say(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    run("-C", root, "evaluate", "--format", "html", "-o", out)
    links = Page(out.read_text(encoding="utf-8")).links
    assert "library/feature/design-review.md" in links
    (root / "procauthor.toml").write_text(
        (root / "procauthor.toml").read_text() + '\n[report]\nlink = "https://example.org/blob/main/{path}"\n'
    )
    run("-C", root, "evaluate", "--format", "html", "-o", out)
    assert "https://example.org/blob/main/feature/design-review.md" in Page(out.read_text(encoding="utf-8")).links
    build(root, tmp_path / "site")
    page = (tmp_path / "site/pages/feature/design-review.html").read_text(encoding="utf-8")
    assert 'href="https://example.org/blob/main/feature/design-review.md"' in page


def test_python_has_the_same(root: Path, tmp_path: Path) -> None:
    found = Project.open(root).site(tmp_path / "site")
    assert (found.start, found.documents, found.dead_links) == ("index.html", 5, ())


def test_open_questions_are_on_the_page_on_the_start_page_and_in_tables(root: Path, tmp_path: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(
        page.read_text().replace("status: Defined", 'status: Defined\nopen_questions: ["Who <i>signs</i>?"]')
    )
    pages = build(root, tmp_path / "site")
    require_whole(pages, tmp_path / "site")
    text = (tmp_path / "site/pages/feature/design-review.html").read_text(encoding="utf-8")
    assert "Who &lt;i&gt;signs&lt;/i&gt;?" in text
    assert 'href="#procauthor-questions"' in text
    assert "1 open" in (tmp_path / "site/index.html").read_text(encoding="utf-8")
