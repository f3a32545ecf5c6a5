"""Gates of one change, in a repository with a main branch and a pull request."""

import json
import random
import string
from pathlib import Path

import pytest

from tests.library_gates.quote import LIBRARY, block, blocks, git, need, program, run, write

DAY_ZERO = "library/day-zero.md"
CODE = "".join(f"line {number}\n" for number in range(40))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone with `origin/main`, and a change of line 20 as pull request 7."""
    need("git", "jq")
    git(tmp_path, "init -q -b main server", "init -q -b main clone")
    clone = tmp_path / "clone"
    write(clone, {"code.txt": CODE})
    git(clone, "add code.txt", "commit -qm start", f"remote add origin {tmp_path / 'server'}")
    git(tmp_path / "server", "config receive.denyCurrentBranch ignore")
    git(clone, "push -q origin main", "fetch -q origin", "switch -qc change")
    submit(clone, CODE.replace("line 20\n", "line twenty\n"))
    return clone


def submit(clone: Path, text: str) -> None:
    write(clone, {"code.txt": text})
    git(clone, "commit -qam change", "push -qf origin HEAD:refs/pull/7/head")


def report(clone: Path, check: str = "quality/review", verdict: str = "pass") -> str:
    """What the reviewer publishes by the commands of the Code Quality & Style Procedure."""
    write(clone, {"quality-report.md": "All is well.\n"})
    program(clone, "gh", "exit 0")
    text = block("pr/code-quality-and-style.md", "git patch-id")
    done = run(text.replace(" pass |", f" {verdict} |"), clone)
    assert done.returncode == 0, done.stderr
    return (clone / "review.md").read_text().replace("quality/review", check)


def gate(clone: Path, *reviews: dict[str, object], check: str = "quality/review", group: str = "") -> int:
    """The review gate of day 0, with the answer of the platform to `gh pr view`."""
    seen = {"author": {"login": "ann"}, "commits": [{"authors": [{"login": "ann"}]}], "reviews": list(reviews)}
    write(clone, {"answer.json": json.dumps(seen), ".github/review-gate.jq": block(DAY_ZERO, "$authors")})
    program(clone, "gh", 'cat "$PWD/answer.json"')
    number = {} if group else {"NUMBER": "7"}
    return run(block(DAY_ZERO, "gh pr view"), clone, CHECK=check, GROUP=group, **number).returncode


def review(
    body: str, login: str = "ben", member: str = "MEMBER", at: str = "2027-01-01T10:00:00Z"
) -> dict[str, object]:
    return {"author": {"login": login}, "authorAssociation": member, "body": body, "submittedAt": at}


def test_a_report_about_this_patch_opens_the_gate(repository: Path) -> None:
    body = report(repository)
    assert gate(repository, review(body)) == 0
    assert gate(repository, review(body.replace("\n", "\r\n"))) == 0
    assert gate(repository, review(body), group="refs/heads/gh-readonly-queue/main/pr-7-0a1b") == 0


def test_nothing_else_opens_it(repository: Path) -> None:
    body = report(repository)
    assert gate(repository) != 0
    assert gate(repository, review("Looks good")) != 0
    assert gate(repository, review(body, login="ann")) != 0
    assert gate(repository, review(body, member="NONE")) != 0
    assert gate(repository, review(body), check="test/coverage") != 0
    assert gate(repository, review(report(repository, verdict="fail"))) != 0
    late = review(body.replace("Verdict: pass", "Verdict: fail"), at="2027-01-02T10:00:00Z")
    assert gate(repository, late, review(body)) != 0


def test_a_clean_rebase_keeps_the_report_and_a_change_of_content_does_not(repository: Path) -> None:
    body = report(repository)
    git(repository, "switch -q main")
    write(repository, {"other.txt": "news\n"})
    git(repository, "add other.txt", "commit -qm other", "push -q origin main", "switch -q change", "rebase -q main")
    git(repository, "push -qf origin HEAD:refs/pull/7/head")
    assert gate(repository, review(body)) == 0
    submit(repository, CODE.replace("line 20\n", "line  twenty\n"))
    assert gate(repository, review(body)) != 0


def test_an_empty_change_has_no_report(repository: Path) -> None:
    body = report(repository)
    submit(repository, CODE)
    assert gate(repository, review(body.replace(body.splitlines()[2], "Patch: "))) != 0


def test_both_procedures_publish_reports_in_one_form() -> None:
    quality = block("pr/code-quality-and-style.md", "git patch-id")
    coverage = block("pr/test-coverage.md", "git patch-id")
    assert coverage == quality.replace("quality/review", "test/coverage").replace("quality-report", "coverage-report")


def test_the_ruleset_asks_for_the_checks_that_the_workflow_makes() -> None:
    rules = json.loads(next(text for language, text in blocks(DAY_ZERO) if language == "json"))["rules"]
    (checks,) = [
        rule["parameters"]["required_status_checks"] for rule in rules if rule["type"] == "required_status_checks"
    ]
    workflow = block(DAY_ZERO, "merge_group")
    assert {check["integration_id"] for check in checks} == {15368}
    *reviews, scan = [check["context"] for check in checks]
    assert f"check: [{', '.join(reviews)}]" in workflow
    assert f"`{scan}`" in (LIBRARY / "pr/change-security-scan.md").read_text()
    assert "name: ${{ matrix.check }}" in workflow
    assert "  pull_request:\n  merge_group:\n" in workflow


def test_files_of_day_zero_are_made_once(tmp_path: Path) -> None:
    script = block(DAY_ZERO, "CODEOWNERS <<")
    assert run(script, tmp_path).returncode == 0
    write(tmp_path, {"tests/quarantine.csv": "test,reason,ticket,owner,end_date\na,b,c,d,e\n"})
    first = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert run(script, tmp_path).returncode == 0
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == first
    assert len(first) == 5


@pytest.mark.parametrize(("title", "passes"), [("x" * 62, True), ("x" * 63, False), ("", False), ("ü" * 62, True)])
def test_length_of_a_title(tmp_path: Path, title: str, *, passes: bool) -> None:
    script = block("standards/git-history-standards.md", "wc -m")
    assert (run(script, tmp_path, TITLE=title, LC_ALL="C.UTF-8").returncode == 0) is passes
    assert not passes or len(f"{title} (#999999)") <= 72


def planted() -> str:
    """A key in the form of a real one, put together here so that no file of ours holds it."""
    letters = random.Random(3).choices(string.ascii_letters + string.digits, k=36)
    return "github_token = '" + "ghp_" + "".join(letters) + "'\n"


@pytest.mark.parametrize("path", ["pr/pr-preparation.md", "pr/code-quality-and-style.md"])
def test_secrets_of_a_branch(repository: Path, path: str) -> None:
    need("gitleaks")
    script = block(path, "gitleaks git")
    assert script in [text for _, text in blocks("standards/secrets-management-standards.md")]
    assert run(script, repository).returncode == 0
    write(repository, {"settings.py": planted()})
    git(repository, "add settings.py", "commit -qm settings")
    assert run(script, repository).returncode == 1
    git(repository, "rm -q settings.py", "commit -qm removed")
    assert run(script, repository).returncode == 1
    git(repository, "switch -q main")
    assert run(script, repository).returncode != 0
    git(repository, "switch -q change", "branch -rd origin/main")
    assert run(script, repository).returncode != 0


def test_secrets_of_a_whole_history(repository: Path) -> None:
    need("gitleaks")
    (script,) = [
        t for _, t in blocks("standards/secrets-management-standards.md") if t == "gitleaks git --no-banner --redact\n"
    ]
    assert run(script, repository).returncode == 0
    write(repository, {"settings.py": planted()})
    git(repository, "add settings.py", "commit -qm settings")
    assert run(script, repository).returncode == 1


@pytest.mark.parametrize(
    ("path", "mark", "line"),
    [
        ("pr/test-coverage.md", "xfail", "@pytest.mark.skip(reason='slow')"),
        ("pr/test-coverage.md", "istanbul", "x = 1  # pragma: no cover"),
        ("pr/code-quality-and-style.md", "nolint", "x = f()  # type: ignore"),
        ("pr/code-quality-and-style.md", "nolint", "f() //nolint:errcheck"),
    ],
)
def test_what_was_switched_off_is_listed(repository: Path, path: str, mark: str, line: str) -> None:
    assert run(block(path, mark), repository).stdout == ""
    submit(repository, CODE + line + "\n")
    assert line in run(block(path, mark), repository).stdout


def test_changes_of_the_measure_are_listed(repository: Path) -> None:
    script = block("pr/code-quality-and-style.md", ".semgrepignore")
    assert run(script, repository).stdout == ""
    write(repository, {"pyproject.toml": "[tool.ruff]\n"})
    git(repository, "add pyproject.toml", "commit -qm rules")
    assert run(script, repository).stdout == "pyproject.toml\n"


TLS = [{"id": "TLS1_2", "severity": "OK"}, {"id": "HSTS", "severity": "LOW"}]


@pytest.mark.parametrize(
    ("lines", "passes"),
    [
        pytest.param(TLS, True, id="no finding"),
        pytest.param([*TLS, {"id": "BEAST", "severity": "MEDIUM"}], False, id="a finding"),
        pytest.param([{"id": "scanProblem", "severity": "FATAL"}], False, id="no host"),
        pytest.param([], False, id="nothing scanned"),
    ],
)
def test_transport(tmp_path: Path, lines: list[dict[str, str]], *, passes: bool) -> None:
    need("jq")
    write(tmp_path, {"lines.json": json.dumps(lines)})
    program(tmp_path, "testssl.sh", 'while test "$1" != --jsonfile; do shift; done; cp lines.json "$2"')
    assert (run(block("standards/api-security-standards.md", "testssl.sh"), tmp_path).returncode == 0) is passes


def test_functions_that_are_too_tangled(repository: Path) -> None:
    need("lizard")
    script = block("pr/code-quality-and-style.md", "lizard")
    assert run(script, repository).returncode == 0
    tangled = "def f(a):\n" + "".join(f"    if a == {number}: return {number}\n" for number in range(12))
    write(repository, {"tangled.py": tangled})
    git(repository, "add tangled.py", "commit -qm tangled")
    assert run(script, repository).returncode != 0
    git(repository, "switch -q main")
    assert run(script, repository).returncode != 0
