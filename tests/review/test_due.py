"""What is to be reviewed, when and by whom."""

import re
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.convention.word import read_interval
from procauthor.git import last_changes
from procauthor.library.sidecar import today
from tests.cli.inside import run, run_json
from tests.conftest import REVIEW, SETTINGS

PAGE = "feature/design-review.md"


def write(root: Path, *lines: str) -> None:
    (root / PAGE).write_text(REVIEW.replace("status: Defined", "\n".join(["status: Defined", *lines])))


def ago(days: int) -> str:
    return (today() - timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("90d", date(2026, 5, 1)),
        ("2 weeks", date(2026, 2, 14)),
        ("1m", date(2026, 2, 28)),
        ("P6M", date(2026, 7, 31)),
        ("1 year", date(2027, 1, 31)),
        ("P1Y", date(2027, 1, 31)),
        ("9999y", date.max),
    ],
)
def test_intervals_end_on_a_day(text: str, day: date) -> None:
    found = read_interval(text)
    assert found is not None
    assert found.after(date(2026, 1, 31)) == day


@pytest.mark.parametrize("text", ["", "soon", "quarterly", "-3d", "3", "d", "1.5y", "99999d", "3 dogs"])
def test_anything_else_is_no_interval(text: str) -> None:
    assert read_interval(text) is None


def test_a_review_is_counted_from_the_last_approval_or_the_day_that_is_declared(root: Path) -> None:
    write(root, "owner: Platform", "review_every: 30d", f"last_reviewed: {ago(40)}")
    (found,) = run_json("-C", root, "due")["due"]
    assert (found["due"], found["since"], found["overdue"], found["owner"]) == (ago(10), "reviewed", True, "Platform")
    run("-C", root, "due", "--check", code=1)
    run("-C", root, "approve", "Design Review Procedure", "--by", "Ada")
    (found,) = run_json("-C", root, "due", "--check")["due"]
    assert (found["due"], found["since"], found["overdue"]) == (ago(-30), "approved", False)
    assert run_json("-C", root, "due", "--within", "29d")["due"] == []
    assert run_json("-C", root, "due", "--within", "2 months", "--owner", "platform")["due"] == [found]
    assert run_json("-C", root, "due", "--owner", "other")["due"] == []


def test_without_a_review_the_last_commit_counts_and_without_that_it_is_due_now(root: Path) -> None:
    write(root, "review_every: 10 days")
    (found,) = run_json("-C", root, "due")["due"]
    assert (found["due"], found["since"], found["last"]) == (today().isoformat(), "never", None)
    for words in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--date", f"{ago(3)}T12:00:00Z"),
    ):
        env = {"GIT_COMMITTER_DATE": f"{ago(3)}T12:00:00Z", "PATH": "/usr/bin:/bin:/usr/local/bin"}
        subprocess.run(["git", "-C", root, *words], check=True, env=env)
    assert last_changes(root / "feature")["design-review.md"] == today() - timedelta(days=3)
    (found,) = run_json("-C", root, "due")["due"]
    assert (found["due"], found["since"], found["last"]) == (ago(-7), "changed", ago(3))


def test_the_end_of_an_approval_comes_first_where_it_does(root: Path) -> None:
    run("-C", root, "approve", "Design Review Procedure", "--by", "Ada", "--expires", "20d")
    (found,) = run_json("-C", root, "due")["due"]
    assert (found["due"], found["reason"], found["every"]) == (ago(-20), "expiry", "")


def test_what_is_not_written_or_gone_has_no_review_and_the_library_may_ask_for_all(root: Path) -> None:
    (root / "procauthor.toml").write_text(f'{SETTINGS}\n[conventions.review]\ndefault = "1y"\n')
    assert [each["path"] for each in run_json("-C", root, "due")["due"]] == [PAGE]


def test_the_keys_are_those_that_the_conventions_name(root: Path) -> None:
    write(root, "Zuständig: Plattform", "prüfung_alle: 1m", f"geprueft-am: {ago(1)}")
    keys = 'owner = ["zuständig"]\nevery = ["prüfung_alle"]\nlast = ["geprueft_am"]\n'
    (root / "procauthor.toml").write_text(f"{SETTINGS}\n[conventions.review]\n{keys}", encoding="utf-8")
    (found,) = run_json("-C", root, "due")["due"]
    assert (found["owner"], found["since"], found["every"]) == ("Plattform", "reviewed", "1m")
    rows = run_json("-C", root, "evaluate")["documents"]
    assert next(row["owner"] for row in rows if row["path"] == PAGE) == "Plattform"


def test_what_cannot_be_read_is_said(root: Path) -> None:
    write(root, "review_every: quarterly", "last_reviewed: last spring")
    found = run_json("-C", root, "due")
    assert found["due"] == []
    assert [each["line"] for each in found["problems"]] == [6, 7]
    assert "6: 'quarterly' is no interval" in run("-C", root, "due").stderr
    assert "is no span of time" in run("-C", root, "due", "--within", "x", code=2).stderr
    (root / "procauthor.toml").write_text('[conventions.review]\ndefault = "often"\n')
    assert "no interval" in run("-C", root, "due", code=2).stderr


def test_a_calendar_has_an_event_for_each_review(root: Path, tmp_path: Path) -> None:
    name = "Ünï; a, b\\c " + "long " * 30
    write(root, f"owner: {name}", "review_every: 1d")
    text = run("-C", root, "due", "--ics").stdout
    assert all(len(line.encode()) <= 75 for line in text.split("\n"))
    plain = re.sub(r"\r?\n ", "", text)
    assert plain.count("BEGIN:VEVENT") == plain.count("END:VEVENT") == 1
    assert f"DTSTART;VALUE=DATE:{today():%Y%m%d}" in plain
    assert "SUMMARY:Review Design Review Procedure" in plain
    assert "Ünï\\; a\\, b\\\\c" in plain
    out = tmp_path / "reviews.ics"
    run("-C", root, "due", "-o", out)
    run("-C", root, "due", "-o", out)
    assert out.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_an_approval_can_name_its_pull_request(root: Path) -> None:
    address = "https://github.com/acme/library/pull/7"
    run("-C", root, "approve", "Design Review Procedure", "--by", "Ada", "--pull-request", address)
    assert f"reviewed in {address}" in run("-C", root, "blame", "Design Review Procedure").stdout
    section = run_json("-C", root, "blame", "Design Review Procedure")["sections"][0]
    assert section["approvals"][0]["pull_request"] == address
    for wrong in ("7", "javascript:alert(1)", "https://user:secret@host/1", "https://a b"):
        refused = run("-C", root, "approve", "Design Review Procedure", "--pull-request", wrong, "--by", "A", code=2)
        assert "no address of a pull request" in refused.stderr


def test_the_pages_for_readers_say_what_is_due(root: Path, tmp_path: Path) -> None:
    write(root, "owner: Ada", "review_every: 30d", f"last_reviewed: {ago(40)}")
    Project.open(root).site(tmp_path / "site")
    for page in ("index.html", "pages/feature/design-review.html", "lifecycles/feature.html"):
        assert f"{ago(10)} (overdue)" in (tmp_path / "site" / page).read_text(encoding="utf-8")
