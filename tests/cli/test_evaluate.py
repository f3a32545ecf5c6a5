"""`evaluate` on the command line."""

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest

from tests.cli.inside import run, run_json
from tests.conftest import SETTINGS, snapshot

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "src/procauthor/reporting/evaluation/schema.json").read_text(encoding="utf-8"))


def test_the_json_is_as_its_schema_says(root: Path) -> None:
    run("-C", root, "evaluate", "--save")
    (root / "api").mkdir()
    (root / "api/old.md").write_text("---\nstatus: Deprecated\n---\n\n# Old Procedure\n\n[gone](gone.md)\n")
    found = run_json("-C", root, "evaluate")
    jsonschema.validate(found, SCHEMA)
    assert (found["broken_references"], len(found["trend"])) == (1, 2)
    assert json.loads(run("-C", root, "evaluate", "--format", "json").stdout) == found
    jsonschema.validate(run_json("-C", ROOT / "procedures", "evaluate"), SCHEMA)


def test_the_text_says_numbers_denominators_and_method(root: Path) -> None:
    text = run("-C", root, "evaluate").stdout
    assert "33.3%  1 of 3 procedures defined or approved" in text
    assert "Total: 3 = 2 documents of procedures and orchestrations + 1 title without a document" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["Feature", "3", "1", "0", "1", "1", "33.3%"] in lines
    assert ["Total", "3", "1", "0", "1", "1", "33.3%"] in lines


def test_counts_are_kept_once_a_day_and_shown_as_trend(root: Path) -> None:
    before = snapshot(root)
    run("-C", root, "evaluate", "--save")
    (kept,) = (root / "evaluations").glob("*.json")
    assert kept.stat().st_size < 4096
    assert {k: v for k, v in snapshot(root).items() if not k.startswith("evaluations/")} == before
    old = json.loads(kept.read_text())
    old["measured"]["date"] = "2020-01-01"
    (root / "evaluations/2020-01-01.json").write_text(json.dumps(old))
    assert run_json("-C", root, "evaluate")["trend"][0]["date"] == "2020-01-01"
    assert "trend:" in run("-C", root, "evaluate").stdout
    assert "kept already" in run("-C", root, "evaluate", "--save").stderr


@pytest.mark.parametrize("text", ["{}", "[1]", "no json", '{"total": {"total": 1}}'])
def test_a_kept_file_that_is_none_is_named_and_left_out(root: Path, text: str) -> None:
    (root / "evaluations").mkdir()
    (root / "evaluations/2020-01-01.json").write_text(text)
    found = run_json("-C", root, "evaluate")
    assert len(found["trend"]) == 1
    assert found["notes"] == ["evaluations/2020-01-01.json is left out of the trend: it is no saved evaluation"]


def test_a_kept_file_whose_numbers_do_not_sum_is_left_out(root: Path) -> None:
    run("-C", root, "evaluate", "--save")
    (kept,) = (root / "evaluations").glob("*.json")
    data = json.loads(kept.read_text())
    data["total"]["defined"] += 5
    (root / "evaluations/2020-01-01.json").write_text(json.dumps(data))
    assert "its states do not sum to its total" in run_json("-C", root, "evaluate")["notes"][0]


def test_the_report_fits_the_library(big: Path) -> None:
    library = big
    before = run_json("-C", library, "check")["summary"]
    run("-C", library, "evaluate", "--format", "md", "-o", library / "evaluation-report.md", "--save")
    text = (library / "evaluation-report.md").read_text(encoding="utf-8")
    assert "| Total | 138 | 19 | 0 | 21 | 98 | 13.8% |" in text
    after = run_json("-C", library, "check")["summary"]
    assert {k: after[k] for k in ("errors", "warnings")} == {k: before[k] for k in ("errors", "warnings")}
    assert after["documents"] == before["documents"] + 1
    run("-C", library, "sync", "--check")
    assert run_json("-C", library, "evaluate")["total"]["total"] == 138


def test_mistakes_are_one_sentence(root: Path, tmp_path: Path) -> None:
    assert "git repository" in run("-C", root, "evaluate", "--at", "nowhere", code=2).stderr
    assert "--save" in run("-C", root, "evaluate", "--at", "HEAD", "--save", code=2).stderr
    run("-C", root, "evaluate", "-o", tmp_path / "no/such/folder.txt", code=2)


def test_a_library_without_a_single_procedure_has_no_completion(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n\nWords.\n")
    found = run_json("-C", tmp_path, "evaluate")
    assert (found["total"]["total"], found["total"]["completion"], found["compliance"]) == (0, None, None)
    assert "nothing to count" in run("-C", tmp_path, "evaluate").stdout


# The page


class Page(HTMLParser):
    """Reads a page strictly: every element that opens has to close."""

    VOID = frozenset({"meta", "input", "link", "br", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.table = ""
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.headless = 0
        self.cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes.append((tag, found))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.table = found.get("id") or ""
            self.tables.setdefault(self.table, [])
        if tag == "tr":
            self.tables[self.table].append([])
        if tag in ("td", "th"):
            self.cell = []
            self.headless += tag == "th" and "scope" not in found

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())
        if tag in ("td", "th") and self.cell is not None:
            self.tables[self.table][-1].append(" ".join("".join(self.cell).split()))
            self.cell = None

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)


def read_page(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


def test_the_page_says_what_the_json_says(big: Path) -> None:
    procedures = big
    found = run_json("-C", procedures, "evaluate")
    page = read_page(run("-C", procedures, "evaluate", "--format", "html").stdout)
    _, *rows, last = page.tables["lifecycle-table"]
    assert [(r[0], int(r[1]), int(r[2]), int(r[4]), int(r[5])) for r in rows] == [
        (each["name"], each["total"], each["defined"], each["placeholder"], each["missing"])
        for each in found["lifecycles"]
    ]
    assert (int(last[1]), int(last[2])) == (found["total"]["total"], found["total"]["defined"])
    assert len(page.tables["document-table"]) == found["total"]["total"] + 1
    assert page.headless == 0
    ids = [a["id"] for _, a in page.attributes if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {str(a["href"])[1:] for _, a in page.attributes if str(a.get("href", "")).startswith("#")}
    assert targets <= set(ids)
    assert {"header", "main", "footer", "nav"} <= {tag for tag, _ in page.attributes}


def test_the_page_asks_nothing_of_the_network(root: Path) -> None:
    text = run("-C", root, "evaluate", "--format", "html").stdout
    page = read_page(text)
    for tag, attributes in page.attributes:
        assert tag not in ("link", "img", "iframe", "object", "embed")
        assert "src" not in attributes
        assert not {name for name in attributes if name.startswith("on")}
        assert not urlsplit(str(attributes.get("href", "#"))).scheme
    assert "url(http" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_what_documents_say_is_text_on_the_page(root: Path) -> None:
    bad = "<img src=x onerror=alert(1)> </script><script>alert(2)</script> \" ' &"
    (root / "feature/bad.md").write_text(f"# {bad} Procedure\n\n[x](<gone {bad.replace('<', '').replace('>', '')}>)\n")
    (root / "index.md").write_text((root / "index.md").read_text() + f"| {bad} | 1 | Missing |\n")
    page = read_page(run("-C", root, "evaluate", "--format", "html").stdout)
    tags = [tag for tag, _ in page.attributes]
    assert tags.count("script") == 1
    assert "img" not in tags


def test_a_page_of_five_hundred_procedures_stays_small(tmp_path: Path) -> None:
    (tmp_path / "procauthor.toml").write_text(SETTINGS)
    for number in range(500):
        folder = tmp_path / f"part-{number // 50}"
        folder.mkdir(exist_ok=True)
        needs = "".join(f"  - Number {number - step} Procedure\n" for step in (1, 7, 49) if number >= step)
        head = f"---\nstatus: Placeholder\ndepends_on:\n{needs}---\n" if needs else ""
        (folder / f"n{number}.md").write_text(f"{head}\n# Number {number} Procedure\n\n## 1. Purpose\n\nWords.\n")
    text = run("-C", tmp_path, "evaluate", "--format", "html").stdout
    assert len(text.encode()) < 2_000_000
    assert len(read_page(text).tables["document-table"]) == 501


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine to open the page with")
def test_the_script_runs_in_a_browser_within_its_policy(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run("-C", root, "evaluate", "--format", "html", "-o", page)
    done = subprocess.run(
        [
            str(CHROMIUM),
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
    # The script shows the search fields, which are hidden without it.
    assert '<div class="tools" data-for="document-table">' in done.stdout
