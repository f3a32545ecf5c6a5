"""What a team already has is read as it is written: titles, statuses, links, placeholders, pages, files."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run, run_json
from tests.conftest import snapshot
from tests.project.test_adopt import write

FORM = "# {title}\n\n{head}## Goal\n\nKeep the {title} alive.\n\n## Action\n\n1. Look at it.\n\n## Proof\n\nIt runs.\n"


def form(title: str, head: str = "") -> str:
    return FORM.format(title=title, head=head)


def some(folder: str, **titles: str) -> dict[str, str]:
    return {f"{folder}/{name}.md": form(title) for name, title in titles.items()}


def init(root: Path) -> dict[str, Any]:
    run("init", root, "--no-input")
    return tomllib.loads((root / "procauthor.toml").read_text())


def documents(root: Path) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in run_json("-C", root, "evaluate")["documents"] if row["kind"] != "template"}


@pytest.mark.parametrize(
    ("written", "name"),
    [("Playbook: {}", "Pump {}"), ("{}. Pump", None), ("12{} Pump", None), ("ADR 4{}: Pump", None)],
)
def test_a_name_is_read_without_what_is_around_it(tmp_path: Path, written: str, name: str | None) -> None:
    titles = {f"d{n}": written.format(f"Pump {n}" if name else n) for n in range(4)}
    write(tmp_path, some("ops", **titles))
    settings = init(tmp_path)
    assert settings["conventions"]["titles"]["patterns"]
    assert {row["title"] for row in documents(tmp_path).values()} == (
        {name.format(n) for n in range(4)} if name else {"Pump"}
    )


def test_a_title_may_be_in_the_front_matter_or_a_heading_of_any_level(tmp_path: Path) -> None:
    body = "## Goal\n\nWords.\n\n## Action\n\nWords.\n"
    files = {f"a/f{n}.md": f"---\ntitle: Front {n}\n---\n\n{body}" for n in range(3)}
    files |= {f"b/h{n}.md": f"## High {n}\n\n{body.replace('##', '###')}" for n in range(3)}
    write(tmp_path, files)
    init(tmp_path)
    titles = {row["title"] for row in documents(tmp_path).values()}
    assert titles == {f"{word} {n}" for word in ("Front", "High") for n in range(3)}


def test_a_chapter_of_level_1_is_no_title_where_there_is_another_name(tmp_path: Path) -> None:
    late = "## First\n\nWords.\n\n# Further reading\n\nWords.\n"
    two = "# First part\n\nWords.\n\n# Second part\n\nWords.\n"
    files = {"docs/a.md": f"---\ntitle: Ask\n---\n\n{late}", "docs/b.md": f"---\ntitle: Bind\n---\n\n{two}"}
    files |= {"docs/c.md": late, "docs/d.md": late, "docs/e.md": "# Own\n\nWords.\n"}
    write(tmp_path, {**files, "mkdocs.yml": "nav:\n  - Cut: c.md\n  - Other: e.md\n"})
    init(tmp_path)
    names = {path: row["title"] for path, row in documents(tmp_path).items()}
    assert [names[f"docs/{n}.md"] for n in "abcde"] == ["Ask", "Bind", "Cut", "Further reading", "Own"]
    run("-C", tmp_path, "rename", "Cut", "Dig", "--no-alias")
    run("-C", tmp_path, "rename", "Bind", "Bend", "--no-alias")
    assert (tmp_path / "docs/dig.md").read_text() == f"---\ntitle: Dig\n---\n\n{late}"
    assert (tmp_path / "docs/bend.md").read_text() == files["docs/b.md"].replace("Bind", "Bend")


def test_a_status_is_read_where_and_as_the_team_writes_it(tmp_path: Path) -> None:
    def decision(title: str, status: str) -> str:
        return form(title).replace("## Goal", f"## Status\n\n{status}\n\n## Goal", 1)

    files = {
        "adr/1.md": decision("One", "✅ Accepted"),
        "adr/2.md": decision("Two", "⌛ Superseded by [One](1.md)"),
        "adr/3.md": decision("Three", "Proposed - see the meeting"),
        "adr/4.md": decision("Four", "Rejected"),
        "adr/5.md": decision("Five [Deprecated]", "Accepted"),
        "adr/6.md": form("Six", "**Status:** Placeholder - later\n\n"),
        "retired_adr/7.md": decision("Seven", ""),
    }
    write(tmp_path, files)
    init(tmp_path)
    rows = documents(tmp_path)
    assert {path[-4]: rows[path]["declared_status"] for path in files} == {
        "1": "defined",
        "2": "deprecated",
        "3": "proposed",
        "4": "rejected",
        "5": "deprecated",
        "6": "placeholder",
        "7": "deprecated",
    }
    assert rows["adr/3.md"]["status"] == "proposed"
    assert rows["adr/5.md"]["title"] == "Five"
    tally = run_json("-C", tmp_path, "evaluate")["total"]
    assert (tally["proposed"], tally["rejected"], tally["total"]) == (1, 1, 7)
    assert tally["completion"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("files", "right", "wrong"),
    [
        ({"mkdocs.yml": ""}, ["../two/", "/a/two/", "two.md", "../two/#part", "../../../a/two/"], ["two", "../gone/"]),
        ({"book.toml": '[book]\nsrc = "docs"\n'}, ["two.html", "two.html#part", "/a/two.html"], ["gone.html"]),
        (
            {"hugo.toml": 'contentDir = "docs"\n'},
            ['{{< ref "two.md" >}}', '{{% relref "two" %}}', "../two/"],
            ['{{< ref "gone.md" >}}'],
        ),
        ({"docs/index.html": "window.$docsify = {}"}, ["/a/two", "#/a/two", "a/two"], ["/a/gone"]),
        ({"_config.yml": ""}, ["{{site.baseurl}}/docs/a/two", "two.html"], ["gone.html"]),
        (
            {"_config.yml": "", "docs/b.md": "# Bee\n\n## 90-day rule\n\nWords.\n\n## 2024\n\nWords.\n"},
            ["../b/#day-rule", "../b/#90-day-rule", "../b/#2024", "#fn:1"],
            ["../b/#rule", "../b/#day", "#fun"],
        ),
        ({"mkdocs.yml": "", "docs/pic.png": ""}, ["#__codelineno-6-113", "two.md#fn:a"], ["#__codelineno", "#90"]),
        ({"eleventy.config.js": ""}, ["../two/", "/docs/a/two/"], ["../gone/"]),
        (
            {
                "_config.yml": "",
                "docs/b.md": "---\ntitle: Bee\npermalink: /bees/\nredirect_from:\n  - /docs/wasps/\n---\n\n## Sting\n\nWords.\n",
            },
            ["/bees/#sting", "/docs/wasps/", "{{ site.baseurl }}/bees/", '{{ "/bees/" | relative_url }}#sting'],
            ["/docs/hornets/", "/bees/#wing", '{{ "/docs/hornets/" | url }}'],
        ),
        (
            {
                ".eleventy.js": 'module.exports = () => ({ dir: { input: "docs" } })\n',
                "docs/a/b.md": "---\npermalink: /bees/\n---\n\n# Bee\n\nWords.\n",
            },
            ['{% page "/bees/" %}', "/a/two/", "{% unknown %}"],
            ['{% page "/a/gone/" %}', "/bees/#wing"],
        ),
        (
            {
                "hugo.toml": 'contentDir = "docs"\n',
                "docs/a/_index.md": "---\ntitle: A\n---\n",
                "docs/a/b.md": "---\ntitle: Bee\nslug: bees\naliases: [/a/wasps/]\n---\n\nWords.\n",
            },
            ["/a/bees/", "/a/wasps/", "../two/"],
            ["/a/hornets/"],
        ),
        (
            {
                "hugo.toml": 'contentDir = "docs"\n',
                "docs/How To/_index.md": "---\ntitle: How\n---\n\n[three](big-three/) and [two](../a/two)\n",
                "docs/How To/Big Three.md": "# Three\n\n[self](../big-three/) and [two](../../a/two)\n",
            },
            ["/how-to/big-three/", "../../how-to/big-three", "/how-to/", "../../how-to/"],
            ["../../how-to/big-four/"],
        ),
        ({"book.toml": '[book]\nsrc = "docs"\n'}, ["", "two.md"], ["two.html#wing"]),
        (
            {
                "eleventy.config.js": 'module.exports = () => ({ dir: { input: "docs" } })\n',
                "docs/a/one.md": "---\npermalink: one.html\n---\n\n",
                "docs/pic.png": "",
            },
            ["a/two.html", "pic.png", "a/two/#part", "two.md"],
            ["gone/two.html", "../b/two.html"],
        ),
        (
            {
                "docusaurus.config.ts": "",
                "docs/03-b/01-three.md": "# Three\n",
                "docs/four.md": "---\nslug: /fourth\n---\n\n# Four\n",
                "docs/a/five.mdx": "---\nid: fifth\n---\n\n# Five\n",
            },
            ["/docs/b/three", "/b/three", "/docs/fourth", "/fourth", "./fifth", "five.mdx", "/img/a.png", "two"],
            ["/docs/b/gone", "/a/gone", "sixth", "/docs/four#wing"],
        ),
        (
            {"docs/.vitepress/config.mts": ""},
            ["/a/two", "/a/two.html", "./two", "two.md#part", "/pic.png"],
            ["/a/gone"],
        ),
        ({".gitbook.yaml": "root: ./docs/\n"}, ["two", "/a/two.md"], ["gone.md"]),
        ({"config/tech-docs.yml": ""}, [], ["gone.md"]),
    ],
)
def test_links_lead_where_the_site_shows_the_documents(
    tmp_path: Path, files: dict[str, str], right: list[str], wrong: list[str]
) -> None:
    lines = [f"[words]({target})" for target in (*right, *wrong)]
    head = files.get("docs/a/one.md", "")
    one = f"{head}# One\n\n" + "\n\n".join(lines) + "\n"
    write(tmp_path, {**files, "docs/a/one.md": one, "docs/a/two.md": "# Two\n\n## Part\n\nWords.\n"})
    init(tmp_path)
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=1)
    result = [f["line"] for f in report["findings"] if f["rule"] in ("broken-link", "broken-anchor")]
    assert result == [3 + head.count("\n") + 2 * (len(right) + n) for n in range(len(wrong))]


def test_a_page_is_known_by_its_address_until_it_has_another(tmp_path: Path) -> None:
    bee = "---\ntitle: Bee\npermalink: /in/bees/\n---\n\n## Goal\n\nWords.\n\n## Action\n\nWords.\n"
    link = "## Goal\n\n[b](/in/bees/)\n\n## Action\n\nWords.\n"
    files = {f"docs/in/{n}.md": f"# D {n}\n\n{link}" for n in range(4)}
    write(tmp_path, {**files, "_config.yml": "source: docs\n", "docs/b.md": bee})
    init(tmp_path)
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0
    assert "docs/in/3.md" in run("-C", tmp_path, "refs", "Bee").stdout
    (tmp_path / "docs/b.md").write_text(bee.replace("bees", "wasps"))
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=1)
    assert {f["path"] for f in report["findings"] if f["rule"] == "broken-link"} == set(files)


def test_a_page_that_shows_a_folder_is_told_from_one_that_is_all_there_is(tmp_path: Path) -> None:
    files = {f"rfc/{n}/_index.md": form(f"Rule {n}") for n in ("ask", "bind", "cut", "dig")}
    files |= some("ops", a="Ann", b="Bob", c="Cid", d="Dot") | {"ops/_index.md": "---\ntitle: Ops\n---\n\nAll of it.\n"}
    write(tmp_path, {**files, "hugo.toml": "", "rfc/_index.md": "---\ntitle: Rules\n---\n"})
    assert init(tmp_path)["conventions"]["pages"] == ["readme", "ops/_index.md", "rfc/_index.md"]
    rows = documents(tmp_path)
    assert {row["lifecycle"] for row in rows.values() if row["counted"]} == {"Ops", "Rfc"}
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0


def test_a_file_of_a_program_is_a_document_and_keeps_its_ending(tmp_path: Path) -> None:
    files = {f"source/ops/{name}.html.md.erb": form(name.title()) for name in ("ask", "bind", "cut")}
    files |= {"source/ops/dig.html.md": form("Dig"), "config/tech-docs.yml": ""}
    write(tmp_path, files)
    assert init(tmp_path)["templates"] == {"source/ops/*.md*": "ops"}
    assert {path for path, row in documents(tmp_path).items() if row["form"]} == set(files) - {"config/tech-docs.yml"}
    run("-C", tmp_path, "rename", "Ask", "Beg", "--no-alias")
    assert (tmp_path / "source/ops/beg.html.md.erb").exists()
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0


@pytest.mark.parametrize(("file", "counted"), [("_config.yml", []), ("mkdocs.yml", ["_includes/go.md"])])
def test_a_piece_that_pages_take_in_is_not_counted(tmp_path: Path, file: str, counted: list[str]) -> None:
    write(tmp_path, {"_includes/go.md": "1. Do it.\n2. Look.\n3. Tell them.\n", "docs/a.md": "# A\n", file: ""})
    init(tmp_path)
    assert [path for path, row in documents(tmp_path).items() if row["counted"]] == counted


def test_an_index_alone_in_its_folder_is_a_document(tmp_path: Path) -> None:
    files = some("ops", a="Ann", b="Bob", index="Ops") | {
        f"ops/{name}/index.md": form(name) + "\nWhat else there is to say of it.\n" for name in ("cid", "dot")
    }
    write(tmp_path, files)
    init(tmp_path)
    rows = documents(tmp_path)
    assert sorted(path for path in files if not rows[path]["counted"]) == ["ops/index.md"]


def test_a_folder_of_templates_holds_none_of_the_documents(tmp_path: Path) -> None:
    files = some("ops", a="Ann", b="Bob", c="Cid")
    files |= {"scripts/templates/runbook.md": form("<Name of it>"), "docs/template-review.md": "# Review of forms\n"}
    write(tmp_path, files)
    init(tmp_path)
    rows = documents(tmp_path)
    assert rows["docs/template-review.md"]["kind"] == "other"
    assert "scripts/templates/runbook.md" not in rows
    report = run_json("-C", tmp_path, "evaluate")
    assert (report["total"]["total"], report["left_out"]) == (3, 1)


def test_a_form_that_the_team_shows_counts_before_it_is_used_often(tmp_path: Path) -> None:
    shown = "---\ntitle: Title of it\n---\n\n## Answer\n\n<!-- what to do -->\n\n## Doubts\n\n<!-- when not -->\n"
    files = {"ways/way.template.md": shown, "ways/a.md": "# A\n\n## Answer\n\nWords.\n\n## Doubts\n\nWords.\n"}
    files |= {"ways/b.md": "# B\n\n## Answer\n\nWords.\n", "notes/c.md": "# C\n\n## Answer\n\nWords.\n"}
    write(tmp_path, files)
    init(tmp_path)
    rows = documents(tmp_path)
    assert {path: row["form"] for path, row in rows.items()} == {
        "ways/a.md": "way", "ways/b.md": "way", "notes/c.md": None
    }  # fmt: skip


def test_what_tells_how_to_do_something_is_counted_without_a_form(tmp_path: Path) -> None:
    run_it = "```sh\nlook\n```\n\nThen:\n\n```bash\ngo\n```\n"
    files = {"how.md": "# How to ask\n\n- Go there\n- Ask\n", "run.md": f"# Runs\n\n{run_it}"}
    files |= {"see.md": "# Programs\n\n```sh\nlook\n```\n\n```json\n{}\n```\n", "say.md": "# Words\n\nWords.\n"}
    files |= {
        "list.md": "# Our runbooks\n\nWords.\n",
        "rest.md": "# Checklist for leaving\n\nWords.\n",
        "how-tos/e.md": "# Bees\n\nWords.\n",
    }
    write(tmp_path, {f"docs/{name}": text for name, text in files.items()})
    said = run("init", tmp_path, "--no-input").stdout
    assert "counted without a form, as they tell what to do: 4: docs/" in said
    assert "not counted, without a form: 3 in docs: list.md, say.md, see.md\ncounted: 4 of 7 documents" in said
    counted = sorted(path for path, row in documents(tmp_path).items() if row["counted"])
    assert counted == ["docs/how-tos/e.md", "docs/how.md", "docs/rest.md", "docs/run.md"]


def test_a_status_may_be_in_a_table_before_the_first_chapter(tmp_path: Path) -> None:
    wide = "| Created | State |\n|---|---|\n| 2024-01-01 | <b>{}</b> |\n\n"
    long = "| | |\n|---|---|\n| **Owner** | Ann |\n| **Status** | {} |\n\n"
    states = {"a": (wide, "review"), "b": (wide, "approved"), "c": (long, "obsolete"), "d": (long, "declined")}
    write(tmp_path, {f"rfc/{n}.md": form(n.upper() * 3, table.format(word)) for n, (table, word) in states.items()})
    assert init(tmp_path)["conventions"]["status"]["sources"] == ["metadata", "table"]
    rows = documents(tmp_path)
    declared = [rows[f"rfc/{n}.md"]["declared_status"] for n in states]
    assert declared == ["in progress", "approved", "deprecated", "rejected"]


def test_a_placeholder_word_that_is_a_name_or_quoted_is_none(tmp_path: Path) -> None:
    files = some("net", a="Call TBD", b="Ask Ann", c="Say Yes", d="Run Now")
    files["net/a.md"] += "\nCall TBD on the line.\n"
    files["net/b.md"] += '\nWrite "TODO" before it, or "from [Name], [Date]" behind it.\n'
    files["net/b.md"] += "\n- Marks are TODO, FIXME, HACK and XXX\n- or `BUG` and TBD\n"
    files["net/c.md"] += (
        "\n`TODO: our own steps`\n\nOpen the door of the cellar and look at [INSERT PICTURE] before you go on.\n"
    )
    files["net/a.md"] += "\nFill in the places marked XXX with a name.\n"
    files["net/a.md"] += "\nNever leave it without a reason and a TODO.\n\nA TODO's owner is named.\n"
    files["net/a.md"] += (
        "\n- No TODO comments\n- For each TODO: correct it\n- Mark the `run` TODO complete\n- `run` TODO\n"
    )
    files["net/d.md"] += "\nComing soon.\n\n```sh\nrun  # TODO: later\n```\n"
    write(tmp_path, files)
    init(tmp_path)
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=1)
    assert {f["path"] for f in report["findings"] if f["rule"] == "placeholder-text"} == {"net/c.md", "net/d.md"}
    assert sum(f["rule"] == "placeholder-text" for f in report["findings"]) == 3


def test_a_mark_that_may_be_talked_about_is_a_warning(tmp_path: Path) -> None:
    files = some("net", a="Ann", b="Bob", c="Cid")
    files["net/a.md"] += (
        "\nLook for ids, TODO markers and dead TODO.\n\n- A dead (TODO)\n- Dead TODO\n- **Chosen**: way [X], [Name]\n"
    )
    files["net/b.md"] += (
        "\nMake a stub with `// TODO: write it` in it.\n\nOwner: [Name]\n\nIt is TODO.\n\n`run` TODO: when?\n"
    )
    write(tmp_path, files)
    init(tmp_path)
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=1)
    left = [(f["path"], f["severity"]) for f in report["findings"] if f["rule"] == "placeholder-text"]
    assert sorted(left) == [("net/a.md", "error")] + [("net/a.md", "warning")] * 3 + [("net/b.md", "error")] * 3


def test_a_rule_on_placeholders_that_is_off_keeps_no_document_from_being_defined(tmp_path: Path) -> None:
    files = some("net", a="Ann", b="Bob", c="Cid")
    files["net/a.md"] += "\nOwner: TBD\n\n[Describe it]\n\n| Since | 2024-01-XX |\n|---|---|\n| By | `TODO: Ann` |\n"
    write(tmp_path, files)
    init(tmp_path)
    assert documents(tmp_path)["net/a.md"]["status"] == "in progress"
    file = tmp_path / "procauthor.toml"
    file.write_text(file.read_text() + '\n[rules]\nplaceholder-text = "off"\n')
    assert documents(tmp_path)["net/a.md"]["status"] == "defined"


def test_pages_templates_translations_and_what_has_no_form_are_not_counted(tmp_path: Path) -> None:
    files = some("ops", a="Ann", b="Bob", c="Cid", d="Dot") | some("ops", _index="Ops", template="Form")
    files |= {"ops/a.de.md": form("Anna"), "blog/x.md": "# X\n\n## One\n\nWords.\n"}
    write(tmp_path, files)
    run("init", tmp_path, "--no-input")
    rows = documents(tmp_path)
    assert sorted(path for path, row in rows.items() if row["counted"]) == [f"ops/{n}.md" for n in "abcd"]
    assert rows["ops/_index.md"]["kind"] == "readme"
    assert rows["blog/x.md"]["form"] is None
    report = run_json("-C", tmp_path, "evaluate")
    assert report["left_out"] == 2
    assert report["total"]["total"] == sum(row["counted"] for row in rows.values())
    assert "have no form, so they are not counted: in blog, ops" in run("-C", tmp_path, "evaluate").stdout
    page = run("-C", tmp_path, "evaluate", "--format", "html").stdout
    assert '<th scope="row">blog</th><td>x.md</td>' in page


def test_one_document_a_folder_is_a_form_and_a_rename_keeps_the_name_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}/SKILL.md": form(name.title()) for name in ("ask", "bind", "cut", "dig")})
    assert init(tmp_path)["templates"] == {"*/SKILL.md": "skill"}
    run("-C", tmp_path, "rename", "Ask", "Ask Twice")
    assert (tmp_path / "ask/SKILL.md").read_text().startswith("# Ask Twice\n")


@pytest.mark.parametrize(
    ("file", "title", "renamed"),
    [
        ("003-use-c", "Use C", "003-take-d"),
        ("use-c.sop", "Use C", "take-d.sop"),
        ("UseC", "Use C", "TakeD"),
        ("Use-C", "Use C", "Take-D"),
    ],
)
def test_a_rename_keeps_the_manner_of_the_file_and_the_baseline(
    tmp_path: Path, file: str, title: str, renamed: str
) -> None:
    faulty = form(title) + "\n[gone](gone.md)\n"
    write(tmp_path, some("ops", a="Ann", b="Bob", c="Cid") | {f"ops/{file}.md": faulty})
    init(tmp_path)
    before = (tmp_path / ".procauthor-baseline.json").read_bytes()
    run("-C", tmp_path, "rename", title, "Take D")
    assert (tmp_path / f"ops/{renamed}.md").exists()
    assert run_json("-C", tmp_path, "check")["summary"]["errors"] == 0
    run("-C", tmp_path, "undo")
    assert (tmp_path / ".procauthor-baseline.json").read_bytes() == before


def test_a_rename_writes_the_title_as_the_team_does(tmp_path: Path) -> None:
    titles = {f"{name.lower()}-procedure": f"Procedure: {name}" for name in ("Intake", "Design", "Rollout")}
    files = some("ops", **titles)
    files["ops/design-procedure.md"] += "\nBegin with the [Intake Procedure](intake-procedure.md).\n"
    write(tmp_path, files)
    init(tmp_path)
    run("-C", tmp_path, "rename", "Intake Procedure", "Procedure: Reception")
    assert (tmp_path / "ops/reception-procedure.md").read_text().startswith("# Procedure: Reception\n")
    assert "(reception-procedure.md)" in (tmp_path / "ops/design-procedure.md").read_text()


def test_a_survey_as_json_writes_nothing_and_has_a_row_for_every_document(tmp_path: Path) -> None:
    write(tmp_path, some("ops", a="Ann", b="Bob", c="Cid") | {"README.md": "# All\n", "x/y.md": "# Y\n"})
    before = snapshot(tmp_path)
    report = run_json("init", tmp_path)
    assert snapshot(tmp_path) == before
    assert {row["path"] for row in report["documents"]} == {"README.md", "x/y.md", *(f"ops/{n}.md" for n in "abc")}
    (result,) = report["forms"]
    assert (result["name"], result["required"]) == ("ops", ["Goal", "Action", "Proof"])
    assert report["left_out"] == [{"folder": "x", "documents": ["x/y.md"]}]
    assert {"site", "titles", "statuses", "index", "placeholders", "files", "languages", "outside", "questions"} <= set(
        report
    )
    assert 0 < result["confidence"] <= 1
    assert result["evidence"] == ["ops/a.md", "ops/b.md"]


def test_a_weak_form_makes_no_errors_and_is_said(tmp_path: Path) -> None:
    write(tmp_path, some("ops", a="Ann", b="Bob", c="Cid") | {f"ops/n{n}.md": "# N\n\n" + "word " * 99 for n in "12"})
    done = run("init", tmp_path, "--no-input")
    assert "weak guess: forms" in done.stderr
    assert tomllib.loads((tmp_path / "procauthor.toml").read_text())["rules"]["missing-section"] == "info"
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0


def test_a_hidden_folder_is_said_and_a_skill_may_be_about_templates(tmp_path: Path) -> None:
    skill = "---\nname: {0}\ndescription: What {0} is for\n---\n\n# {0}\n\nWords.\n"
    names = ("ask", "mail-template", "bind", "cut")
    files = {f".agents/{name}/SKILL.md": skill.format(name) for name in names}
    files |= {".agents/ask/assets/ask_template.md": "---\nname: [name of it] (lower)\n---\n\n# [Name of it]\n"}
    files |= {".agents/ask/runbook-archetypes.md": "1. Go.\n2. Look.\n3. Ask.\n", ".github/a.md": "# A\n"}
    write(tmp_path, {**files, "README.md": "# All\n"})
    assert run_json("init", tmp_path, "--json")["hidden"] == [{"folder": ".agents", "documents": 6}]
    assert "not looked at: 6 in the hidden folder .agents" in run("init", tmp_path, "--no-input").stdout
    (tmp_path / "new").mkdir()
    write(tmp_path / "new", {path: text for path, text in files.items() if "SKILL" in path})
    assert "not looked at: 4 in the hidden folder .agents" in run("init", tmp_path / "new").stderr
    init(tmp_path / ".agents")
    rows = documents(tmp_path / ".agents")
    assert [path for path, row in rows.items() if row["counted"]] == [f"{name}/SKILL.md" for name in sorted(names)]
    assert "ask/assets/ask_template.md" not in rows
    assert run_json("-C", tmp_path / ".agents", "check", "--no-baseline")["summary"]["errors"] == 0


def test_steps_in_an_admonition_are_steps(tmp_path: Path) -> None:
    boxes = '# Stop\n\nWords.\n\n!!! warning "Now"\n\n    - [ ] Stop it\n    - [ ] Look\n        - [ ] Closely\n'
    write(tmp_path, {"mkdocs.yml": "", "docs/a.md": boxes, "docs/b.md": "# B\n\n!!! note\n\n    - One\n    - Two\n"})
    init(tmp_path)
    assert [path for path, row in documents(tmp_path).items() if row["counted"]] == ["docs/a.md"]


@pytest.mark.parametrize(
    ("files", "remote", "address", "known"),
    [
        ({}, "git@github.com:org/ways.git", "https://github.com/org/ways/blob/main/docs/a.md#goal", True),
        (
            {},
            "https://me:x@gitlab.example.com/org/ways",
            "https://gitlab.example.com/org/ways/-/blob/v1.2/docs/a.md",
            True,
        ),
        ({}, "git@github.com:org/ways.git", "https://github.com/org/other/blob/main/docs/a.md", False),
        ({"mkdocs.yml": "site_url: https://ways.example.org/\n"}, "", "https://ways.example.org/a/#goal", True),
        (
            {"config/tech-docs.yml": "host: ways.example.org\n", "source/x.md": ""},
            "",
            "https://ways.example.org/a.html",
            False,
        ),
        (
            {"hugo.toml": "contentDir = 'docs'\nbaseURL = 'https://example.org/x/'\n"},
            "",
            "https://example.org/x/a",
            True,
        ),
    ],
)
def test_links_by_a_whole_address_lead_to_the_documents_that_are_shown_there(
    tmp_path: Path, files: dict[str, str], remote: str, address: str, *, known: bool
) -> None:
    write(tmp_path, {**files, "docs/a.md": form("Ann"), "docs/b.md": f"# Bob\n\n- [Ann]({address})\n"})
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "config", "remote.origin.url", remote or "gone"], check=True)
    init(tmp_path)
    assert ("docs/b.md:3" in run("-C", tmp_path, "refs", "Ann").stdout) == known
    assert run_json("-C", tmp_path, "check", "--no-baseline")["summary"]["errors"] == 0


def test_a_row_about_a_renamed_file_announces_nothing(tmp_path: Path) -> None:
    rows = "".join(f"| [{name}](ops/{name.lower()}.md) | Defined |\n" for name in ("Ann", "Bob", "Cid", "Eve"))
    index = f"# All\n\n## Ops\n\n| Procedure | Status |\n|---|---|\n{rows}"
    write(tmp_path, {**some("ops", ann="Ann", bob="Bob", cid="Cid"), "index.md": index})
    commit = ["-c", "user.name=Ann", "-c", "user.email=a@example.com", "commit", "-qam", "All"]
    for words in (["init", "-q"], ["add", "."], commit, ["mv", "ops/bob.md", "ops/robert.md"]):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    file = tmp_path / "ops/robert.md"
    file.write_text(file.read_text().replace("# Bob", "# Robert"))
    subprocess.run(["git", "-C", tmp_path, *commit], check=True)
    init(tmp_path)
    rows_now = run_json("-C", tmp_path, "evaluate")["documents"]
    assert [row["title"] for row in rows_now if row["status"] == "missing"] == ["Eve"]
    assert "it was renamed to 'ops/robert.md'" in run("-C", tmp_path, "check", "--no-baseline", code=1).stdout
    assert "Index (defined): lists it" in run("-C", tmp_path, "refs", "Robert").stdout.replace("All (", "Index (")


@pytest.mark.parametrize("folder", ["src", "book/src", "book/src/", "Src"])
def test_a_new_document_goes_into_the_folder_that_is_named(tmp_path: Path, folder: str) -> None:
    files = {f"book/src/{name}.md": form(name.title()) for name in ("ask", "bind", "cut")}
    write(tmp_path, {**files, "book.toml": '[book]\nsrc = "book/src"\n', "book/src/SUMMARY.md": "# Summary\n"})
    init(tmp_path)
    assert {row["lifecycle"] for row in documents(tmp_path).values() if row["counted"]} == {""}
    said = run("-C", tmp_path, "create", "Dig Deep", "--lifecycle", folder, "--accept")
    assert "book/src/dig-deep.md" in said.stderr + said.stdout
    assert (tmp_path / "book/src/dig-deep.md").exists()


def test_what_git_ignores_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, some("ops", a="Ann", b="Bob", c="Cid") | some("build", a="Ann") | {".gitignore": "build/\n"})
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    init(tmp_path)
    assert all(not path.startswith("build") for path in documents(tmp_path))


def test_front_matter_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, some("ops", a="Ann", b="Bob", c="Cid") | {"x.md": "---\nglobs: **/*.md\n---\n\n# X\n"})
    init(tmp_path)
    report = run_json("-C", tmp_path, "check", "--no-baseline", code=1)
    assert [f["path"] for f in report["findings"] if f["rule"] == "bad-front-matter"] == ["x.md"]


@pytest.mark.parametrize("table", ['site = "geocities"', "[conventions.titles]\npatterns = ['no name']"])
def test_a_convention_that_is_none_is_refused(tmp_path: Path, table: str) -> None:
    text = table if table.startswith("[") else f"[conventions]\n{table}"
    write(tmp_path, {"a.md": "# A\n", "procauthor.toml": f"{text}\n"})
    assert "procauthor.toml" in run("-C", tmp_path, "check", code=2).stderr
