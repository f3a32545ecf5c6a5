"""Links of a site lead to the same documents after a move, and are written in its own notation."""

from pathlib import Path

import pytest

from tests.cli.inside import run, run_json
from tests.project.test_adopt import write

HUGO = {"hugo.toml": 'contentDir = "docs"\n'}
ELEVENTY = {"eleventy.config.js": 'module.exports = () => ({ dir: { input: "docs" } })\n'}
# The links in "One" that lead to "Two", and what they are when "Two" is in the folder b.
KINDS = [
    ({"mkdocs.yml": ""}, "../two/", "../../b/two/"),
    ({"mkdocs.yml": ""}, "/a/two/#part", "/b/two/#part"),
    ({"mkdocs.yml": ""}, "two.md", "../b/two.md"),
    ({"book.toml": '[book]\nsrc = "docs"\n'}, "two.html#part", "../b/two.html#part"),
    ({"book.toml": '[book]\nsrc = "docs"\n'}, "/a/two.html", "/b/two.html"),
    (HUGO, '{{< ref "two.md" >}}', '{{< ref "../b/two.md" >}}'),
    (HUGO, '{{% relref "/a/two#part" %}}', '{{% relref "/b/two#part" %}}'),
    (HUGO, "../two/", "../../b/two/"),
    ({"docs/index.html": "window.$docsify = {}"}, "#/a/two", "#/b/two"),
    ({"docs/index.html": "window.$docsify = {}"}, "a/two", "b/two"),
    ({"_config.yml": ""}, "{{site.baseurl}}/docs/a/two", "{{site.baseurl}}/docs/b/two"),
    ({"_config.yml": ""}, "{{ site.baseurl }}/docs/a/two#part", "{{ site.baseurl }}/docs/b/two#part"),
    ({"_config.yml": ""}, "{% link docs/a/two.md %}", "{% link docs/b/two.md %}"),
    ({"_config.yml": ""}, "two.html", "../b/two.html"),
    (ELEVENTY, '{{ "/a/two/" | url }}', '{{ "/b/two/" | url }}'),
    ({"docusaurus.config.js": ""}, "/docs/a/two", "/docs/b/two"),
    ({"docusaurus.config.js": ""}, "./two", "../b/two"),
    ({"docs/.vitepress/config.ts": ""}, "./two.html", "../b/two.html"),
]


@pytest.mark.parametrize(("files", "link", "after"), KINDS)
def test_a_link_is_written_in_its_own_notation_after_a_move(
    tmp_path: Path, files: dict[str, str], link: str, after: str
) -> None:
    one = f"# One\n\n[words]({link})\n"
    write(tmp_path, {**files, "docs/a/one.md": one, "docs/a/two.md": "# Two\n\n## Part\n", "docs/b/x.md": "# X\n"})
    run("init", tmp_path, "--no-input")
    run("-C", tmp_path, "move", "Two", "docs/b", "--no-alias")
    assert (tmp_path / "docs/a/one.md").read_text() == f"# One\n\n[words]({after})\n"
    run("-C", tmp_path, "move", "One", "docs/b", "--no-alias")
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0
    run("-C", tmp_path, "undo")
    run("-C", tmp_path, "undo")
    assert (tmp_path / "docs/a/one.md").read_text() == one


def test_a_page_with_an_address_of_its_own_may_move_below_it(tmp_path: Path) -> None:
    two = "---\npermalink: /second/\n---\n\n# Two\n\n[one](../a/one/)\n"
    write(
        tmp_path,
        {**ELEVENTY, "docs/a/one.md": "# One\n\n[two](/second/)\n", "docs/a/two.md": two, "docs/b/x.md": "# X\n"},
    )
    run("init", tmp_path, "--no-input")
    run("-C", tmp_path, "move", "Two", "docs/b", "--no-alias")
    assert (tmp_path / "docs/a/one.md").read_text() == "# One\n\n[two](/second/)\n"
    assert (tmp_path / "docs/b/two.md").read_text() == two
    run("-C", tmp_path, "rename", "One", "First", "--no-alias")
    assert "[First](../a/first/)" in (tmp_path / "docs/b/two.md").read_text()
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0


def test_sections_that_go_elsewhere_take_their_links_along(tmp_path: Path) -> None:
    one = '# One\n\n## Aim\n\nWords.\n\n## Way\n\n[two]({{< ref "two.md" >}}) and [page](../two/)\n'
    write(tmp_path, {**HUGO, "docs/a/one.md": one, "docs/a/two.md": "# Two\n", "docs/b/x.md": "# X\n\nWords.\n"})
    run("init", tmp_path, "--no-input")
    run("-C", tmp_path, "merge", "One", "X")
    assert '[two]({{< ref "../a/two.md" >}}) and [page](../../a/two/)' in (tmp_path / "docs/b/x.md").read_text()
    run("-C", tmp_path, "split", "X", "--at", "Way", "--title", "The Way")
    assert '[two]({{< ref "../a/two.md" >}})' in (tmp_path / "docs/b/way.md").read_text()
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0


@pytest.mark.parametrize(
    ("files", "usual", "new"),
    [
        (HUGO, '{{< ref "two.md" >}}', '{{< ref "three.md" >}}'),
        (HUGO, '{{% relref "/a/two" %}}', '{{% relref "/a/three" %}}'),
        (HUGO, "../two/", "../three/"),
        (ELEVENTY, '{{ "/a/two/" | url }}', '{{ "/third/" | url }}'),
        (ELEVENTY, "/a/two/", "/third/"),
        ({"config/tech-docs.yml": ""}, "two.html", "three.html"),
        ({"mkdocs.yml": ""}, "two.md", "three.md"),
        ({"mkdocs.yml": ""}, "", "three.md"),
    ],
)
def test_a_new_link_is_written_as_the_others_are(tmp_path: Path, files: dict[str, str], usual: str, new: str) -> None:
    folder = "source" if "config/tech-docs.yml" in files else "docs"
    shown = "---\npermalink: /third/\n---\n\n" if "third" in new else ""
    one = f"# One\n\n[two]({usual})\n\n## Aim\n\nWords.\n\n## Way\n\nWords.\n" if usual else "# One\n\nWords.\n"
    own = {f"{folder}/a/one.md": one, f"{folder}/a/two.md": "# Two\n", f"{folder}/a/three.md": f"{shown}# Three\n"}
    write(tmp_path, {**files, **own})
    run("init", tmp_path, "--no-input")
    run("-C", tmp_path, "deprecate", "Two", "--by", "Three")
    assert f"[Three]({new})" in (tmp_path / folder / "a/two.md").read_text()
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0
    if usual and "third" not in new:
        run("-C", tmp_path, "split", "One", "--at", "Way", "--title", "The Way")
        assert f"[The Way]({new.replace('three', 'way')})" in (tmp_path / folder / "a/one.md").read_text()
        assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0


SYNCED = [
    ({"mkdocs.yml": ""}, "../a/{}/", "[Three](../a/three/)"),
    (HUGO, '{{{{< ref "a/{}.md" >}}}}', '[Three]({{< ref "a/three.md" >}})'),
    (HUGO, "/a/{}/", "[Three](/a/three/)"),
    ({"book.toml": '[book]\nsrc = "docs"\n'}, "a/{}.html", "[Three](a/three.html)"),
    ({}, "a/{}.md", "[Three](a/three.md)"),
]


@pytest.mark.parametrize("form", ["list", "table"])
@pytest.mark.parametrize(("files", "link", "new"), SYNCED)
def test_sync_and_an_alias_write_the_notation_of_the_site(
    tmp_path: Path, files: dict[str, str], link: str, new: str, form: str
) -> None:
    steps = "\n\n1. Stop it.\n2. Drain it.\n3. Start it.\n"
    rows = [f"[{name}]({link.format(name.lower())})" for name in ("One", "Two")]
    lines = {"list": [f"- {row}" for row in rows], "table": [f"| {row} | Defined |" for row in rows]}
    head = "| Procedure | Status |\n|---|---|\n" if form == "table" else ""
    index = "# All\n\n## A\n\n" + head + "\n".join(lines[form]) + "\n"
    docs = {f"docs/a/{name.lower()}.md": f"# {name}{steps}" for name in ("One", "Two")}
    write(tmp_path, {**files, "docs/toc.md": index, **docs})
    run("init", tmp_path, "--no-input")
    settings = tmp_path / "procauthor.toml"
    settings.write_text(settings.read_text().replace("procedures = [", 'procedures = ["docs/a/*.md", '))
    (tmp_path / "docs/a/three.md").write_text(f"# Three{steps}")
    run("-C", tmp_path, "sync")
    assert new in (tmp_path / "docs/toc.md").read_text()
    run("-C", tmp_path, "rename", "Three", "Four")
    alias = (tmp_path / "docs/a/three.md").read_text()
    assert 'alias_of: "four.md"' in alias
    assert ("four.md)" in alias) == ("three.md)" in new)
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0
