"""Commands and gates on the way to production and in an incident: each with an input that passes and one that fails."""

import json
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from tests.library_gates.quote import DOCUMENTS, LIBRARY, block, blocks, git, need, program, run, write

PATHS = [str(path.relative_to(LIBRARY)) for path in DOCUMENTS]
DIGEST = "sha256:" + "7c" * 32
OTHER = "sha256:" + "02" * 32


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone with `origin/main` at release 4.12.0, whose tags are signed by a key that it trusts."""
    need("git", "ssh-keygen")
    git(tmp_path, "init -q -b main --bare server", "init -q -b main clone")
    clone = tmp_path / "clone"
    made = run(
        "ssh-keygen -q -t ed25519 -N '' -f ../key && printf 'a@example.com ' | cat - ../key.pub > ../trusted", clone
    )
    assert made.returncode == 0, made.stderr
    write(clone, {"src/export.py": "def render(name): ...\n", "docs/guide.md": "Set OLD_NAME to 3.\n"})
    git(
        clone,
        "config gpg.format ssh",
        "config user.signingkey ../key.pub",
        "config gpg.ssh.allowedSignersFile ../trusted",
        "add -A",
        "commit -qm start",
        "remote add origin ../server",
        "tag --sign v4.12.0 -m 4.12.0",
        "push -q --tags origin main",
        "fetch -q origin",
    )
    return clone


def commit(root: Path, path: str, text: str, subject: str) -> str:
    write(root, {path: text})
    git(root, "add -A", f"commit -qm {shlex.quote(subject)}")
    return git(root, "rev-parse HEAD").strip()


def shell(path: str) -> list[str]:
    return [text for language, text in blocks(path) if language == "sh"]


def test_shell_data_and_settings_of_all_documents_can_be_read() -> None:
    for path in PATHS:
        for language, text in blocks(path):
            if language == "sh":
                done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
                assert done.returncode == 0, (path, text, done.stderr)
            elif language == "yaml":
                yaml.safe_load(text)
            elif language == "json":
                json.loads(text)


# Before the merge


def sarif(*results: object) -> str:
    return json.dumps({"runs": [{"results": list(results)}]})


NAMES = ("secrets", "dependencies", "code", "configuration/results_sarif")


def test_a_scan_that_did_not_run_stops_the_change(tmp_path: Path) -> None:
    need("jq")
    script = block("pr/change-security-scan.md", "for report in")
    write(tmp_path, {f"{name}.sarif": sarif() for name in NAMES})
    assert run(script, tmp_path).returncode == 0
    for broken in ("", "{}", '{"runs": []}'):
        write(tmp_path, {"code.sarif": broken})
        assert run(script, tmp_path).returncode != 0
    (tmp_path / "code.sarif").unlink()
    assert "no report: code" in run(script, tmp_path).stdout


def test_a_finding_without_a_decision_stops_the_change(tmp_path: Path) -> None:
    need("jq")
    script = block("pr/change-security-scan.md", "suppressions")
    decided = {"ruleId": "a", "suppressions": [{"kind": "external", "justification": "VUL-12"}]}
    write(tmp_path, {f"{name}.sarif": sarif(decided) for name in NAMES})
    assert run(script, tmp_path).returncode == 0
    for finding in ({"ruleId": "b"}, {"ruleId": "b", "suppressions": []}):
        write(tmp_path, {"code.sarif": sarif(decided, finding)})
        assert run(script, tmp_path).returncode != 0
    (tmp_path / "code.sarif").unlink()
    assert run(script, tmp_path).returncode != 0


# The platform is asked with `--jq`; its answer is what the file holds.
ASKED = 'for last; do :; done; jq -r "$last" answer.json'


def test_authors_of_a_change_are_no_reviewers(tmp_path: Path) -> None:
    need("jq")
    program(tmp_path, "gh", ASKED)
    people = [[{"login": "ann"}, {"login": "ben"}], [{"login": "ann"}]]
    write(tmp_path, {"answer.json": json.dumps({"commits": [{"authors": each} for each in people]})})
    assert run(block("pr/reviewer-assignment.md", "gh pr view"), tmp_path).stdout.split() == ["ann", "ben"]
    write(tmp_path, {"answer.json": "[{}, {}]"})
    load = run(block("pr/reviewer-assignment.md", "gh search prs"), tmp_path).stdout
    assert load.splitlines() == ["ADA 2", "BEN 2", "CEM 2"]


def test_pages_that_hold_an_old_name_are_found(repository: Path) -> None:
    script = block("pr/documentation-review.md", "OLD_DEFAULT")
    base = git(repository, "rev-parse HEAD").strip()
    commit(repository, "src/export.py", "def render(other): ...\n", "change")
    done = run(script, repository, BASE=base)
    assert done.stdout.splitlines() == ["src/export.py", "docs/guide.md:1:Set OLD_NAME to 3."]
    commit(repository, "docs/guide.md", "Set NEW_NAME to 3.\n", "guide")
    assert run(script, repository, BASE=base).returncode != 0


def test_the_parts_of_a_series_are_the_whole(repository: Path) -> None:
    git(repository, "switch -qc big-change")
    write(repository, {"docs/guide.md": "Set NEW_NAME to 3.\n", "src/pages.py": "def pages(): ...\n"})
    commit(repository, "src/export.py", "def render(other): ...\n", "everything")
    script = block("pr/large-change-split.md", "big-change")
    chosen = "printf 'n\\ny\\nn\\n' | git restore"
    first, _, rest = script.partition("git switch --create part-2")
    assert "git restore" in first
    assert run(first.replace("git restore", chosen), repository).returncode == 0
    assert git(repository, "diff --name-only main part-1") == "src/export.py\n"
    last = f"git switch --create part-2{rest}".replace(" --patch", "")
    assert run(last, repository).returncode == 0
    assert git(repository, "diff big-change part-2", "status --porcelain") == ""
    assert git(repository, "log --format=%h main..part-2").count("\n") == 2


@pytest.mark.parametrize(("target", "passes"), [("true", True), ("test ! -e broken", False)])
def test_each_part_of_a_series_is_built_alone(repository: Path, target: str, *, passes: bool) -> None:
    need("make")
    git(repository, "switch -qc part-3")
    commit(repository, "Makefile", f"test:\n\t{target}\n", "one")
    commit(repository, "broken", "x\n", "two")
    git(repository, "rm -q broken", "commit -qm three")
    done = run(block("pr/large-change-split.md", "git rebase --exec"), repository)
    assert (done.returncode == 0) is passes


# A release


def test_a_release_is_planned_from_what_came_after_the_last_one(repository: Path) -> None:
    script = block("release/release-planning.md", "git describe")
    assert run(script, repository).stdout == ""
    commit(repository, "a.txt", "a\n", "Export invoices")
    git(repository, "push -q origin main", "tag -a v4.13.0-rc.1 -m x", "fetch -q origin")
    commit(repository, "b.txt", "b\n", "Not merged yet")
    assert [line.split(" ", 1)[1] for line in run(script, repository).stdout.splitlines()] == ["Export invoices"]


def test_a_release_branch_is_protected_as_the_main_branch(repository: Path) -> None:
    need("jq")
    rules = next(text for language, text in blocks("library/day-zero.md") if language == "json")
    write(repository, {"ruleset.json": rules})
    program(repository, "gh", "exit 0")
    head = git(repository, "rev-parse HEAD").strip()
    assert run(block("release/release-branch-cut.md", "release-ruleset"), repository, COMMIT=head).returncode == 0
    assert git(repository, "ls-remote origin refs/heads/release/4.12").startswith(head)
    made = json.loads((repository / "release-ruleset.json").read_text())
    assert made.pop("conditions")["ref_name"]["include"] == ["refs/heads/release/*"]
    assert {**made, "name": "main"} == {k: v for k, v in json.loads(rules).items() if k != "conditions"}


def test_a_correction_that_the_main_branch_lacks_is_seen(repository: Path) -> None:
    assert "`git cherry main release/4.12` shows no `+`" in (LIBRARY / "release/release-branch-cut.md").read_text()
    git(repository, "switch -qc release/4.12")
    fix = commit(repository, "src/export.py", "def render(name): return name\n", "Correct the export")
    assert git(repository, "cherry main release/4.12").startswith("+")
    git(repository, "switch -q main")
    done = run(block("release/release-branch-cut.md", "git cherry-pick").replace("COMMIT", fix), repository)
    assert done.returncode == 0
    assert "+" not in git(repository, "cherry main release/4.12")


def tagged(repository: Path, script: str) -> str:
    done = run(script, repository, COMMIT="HEAD")
    return git(repository, "ls-remote --tags origin") if done.returncode == 0 else ""


def test_only_a_signed_tag_is_published(repository: Path) -> None:
    script = block("release/release-versioning.md", "git tag --sign")
    write(repository.parent, {"trusted": ""})
    assert tagged(repository, script) == ""
    git(repository, "tag -d v4.12.0-rc.1")
    write(repository.parent, {"trusted": "a@example.com " + (repository.parent / "key.pub").read_text()})
    assert "refs/tags/v4.12.0-rc.1" in tagged(repository, script)
    assert tagged(repository, script) == ""
    final = block("release/release-deployment.md", "git tag --sign")
    git(repository, "tag -d v4.12.0")
    assert final.replace("v4.12.0 ", "v4.12.9 ") != final
    assert "refs/tags/v4.12.9" in tagged(
        repository, final.replace("v4.12.0 ", "v4.12.9 ").replace("origin v4.12.0", "origin v4.12.9")
    )
    assert "refs/tags/v4.12.1-rc.1" in tagged(repository, block("pr/hotfix-pr.md", "git tag --sign"))


@pytest.mark.parametrize(("option", "passes"), [("--sign", True), ("--annotate", False)])
def test_nothing_is_built_from_a_tag_that_does_not_verify(repository: Path, option: str, *, passes: bool) -> None:
    git(repository, f"tag {option} v4.13.0-rc.1 -m x")
    program(repository, "docker", 'echo "$SOURCE_DATE_EPOCH" > built')
    done = run(block("release/release-candidate-build.md", "git verify-tag"), repository, TAG="v4.13.0-rc.1")
    assert (done.returncode == 0) is passes
    assert (repository / "built").exists() is passes
    assert not passes or (repository / "built").read_text() == git(repository, "log -1 --format=%ct")


@pytest.mark.parametrize(("answer", "passes"), [(0, True), (1, False)])
def test_a_finding_in_the_image_stops_the_candidate(tmp_path: Path, answer: int, *, passes: bool) -> None:
    program(tmp_path, "trivy", f"test -f billing/index.json && exit {answer}")
    write(tmp_path, {"index.json": "{}"})
    assert run("tar -cf billing.tar index.json", tmp_path).returncode == 0
    script = block("release/release-candidate-build.md", "trivy")
    assert (run(script, tmp_path).returncode == 0) is passes
    assert run(script.replace("billing.tar", "gone.tar"), tmp_path).returncode != 0


def test_the_cluster_admits_what_the_pipeline_signs_and_nothing_else() -> None:
    (policy,) = [
        yaml.safe_load(text) for language, text in blocks("security/supply-chain-verification.md") if language == "yaml"
    ]
    (identity,) = policy["spec"]["authorities"][0]["keyless"]["identities"]
    verify = block("release/release-artifact-signing.md", "cosign verify")
    subject = re.search(r"--certificate-identity '([^']+)'", verify)
    assert subject is not None
    assert re.search(identity["subjectRegExp"], subject[1])
    assert f"--certificate-oidc-issuer '{identity['issuer']}'" in verify
    assert subject[1].endswith("refs/tags/v4.12.0-rc.1")
    assert "v4.12.0-rc.1" in block("release/release-versioning.md", "git tag --sign")
    for foreign in (
        subject[1].replace("OWNER", "STRANGER"),
        subject[1].replace("release.yml", "checks.yml"),
        subject[1].replace("refs/tags/", "refs/heads/"),
    ):
        assert not re.search(identity["subjectRegExp"], foreign)


REPORT = "docs/features/invoice-export/{}-report.md"


def test_reports_about_another_candidate_are_named(tmp_path: Path) -> None:
    script = block("feature/release-readiness.md", "files-without-match")
    env = {"FEATURE": "invoice-export", "DIGEST": DIGEST}
    assert run(script, tmp_path, **env).returncode != 0
    write(tmp_path, {REPORT.format(kind): f"About {DIGEST}.\n" for kind in ("security-review", "performance")})
    assert run(script, tmp_path, **env).returncode == 0
    write(tmp_path, {REPORT.format("performance"): f"About {OTHER}.\n"})
    done = run(script, tmp_path, **env)
    assert done.returncode != 0
    assert done.stdout.split() == [REPORT.format("performance")]


@pytest.mark.parametrize(
    ("runs", "passes"),
    [
        ([DIGEST, OTHER, DIGEST], True),
        ([DIGEST], False),
        ([DIGEST, OTHER, "sha256:" + "99" * 32], False),
        ([], False),
    ],
)
def test_what_runs_is_what_was_approved(tmp_path: Path, runs: list[str], *, passes: bool) -> None:
    script = block("release/release-deployment.md", "running.txt")
    write(tmp_path, {"approved.txt": f"{OTHER}\n{DIGEST}\n"})
    program(tmp_path, "kubectl", "".join(f"echo registry.example.com/billing@{each}\n" for each in runs) or "exit 1")
    assert (run(script, tmp_path).returncode == 0) is passes


# A feature in production


def test_logs_with_a_person_or_without_a_line_do_not_pass(tmp_path: Path) -> None:
    script = block("feature/observability-instrumentation.md", "gitleaks dir")
    program(tmp_path, "gitleaks", "exit 0")
    assert run(script, tmp_path).returncode != 0
    (example,) = [text for language, text in blocks("feature/observability-instrumentation.md") if language == "json"]
    write(tmp_path, {"logs/hour.json": example})
    assert run(script, tmp_path).returncode == 0
    write(tmp_path, {"logs/hour.json": example.replace("t-81", "ann@example.com")})
    assert run(script, tmp_path).returncode != 0
    write(tmp_path, {"logs/hour.json": example})
    program(tmp_path, "gitleaks", "exit 1")
    assert run(script, tmp_path).returncode != 0


def test_what_is_left_of_a_feature_is_found(repository: Path) -> None:
    script = block("feature/feature-closure.md", "git grep").splitlines()[0]
    assert run(script, repository).returncode != 0
    commit(repository, "src/flags.py", "if on('invoice_export'):\n    pass  # TODO(EXP-7): drop\n", "flag")
    assert len(run(script, repository).stdout.splitlines()) == 2


@pytest.mark.parametrize("fails", ["", "terraform", "tflint", "checkov"])
def test_each_scan_of_infrastructure_counts(tmp_path: Path, fails: str) -> None:
    for name in ("terraform", "tflint", "checkov"):
        program(tmp_path, name, f"exit {int(name == fails)}")
    assert (run(block("feature/infrastructure-change.md", "tflint"), tmp_path).returncode == 0) is (fails == "")


@pytest.mark.parametrize(
    ("shown", "planned", "passes"),
    [
        ("1 to add", 0, True),
        ("# aws_db.main must be replaced", 0, False),
        ("# aws_db.main will be destroyed", 0, False),
        ("1 to add", 1, False),
    ],
)
def test_a_plan_that_replaces_or_destroys_is_stopped(tmp_path: Path, shown: str, planned: int, *, passes: bool) -> None:
    program(tmp_path, "terraform", f'test "$1" = show && echo {shlex.quote(shown)} || exit {planned}')
    script = block("feature/infrastructure-change.md", "must be replaced")
    assert (run(script, tmp_path, ENV="staging").returncode == 0) is passes


class _Answer(BaseHTTPRequestHandler):
    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        allowed = self.headers["Authorization"] == "Bearer right" and body == {"on": False}
        self.send_response(200 if allowed and self.path == "/api/flags/invoice_export" else 403)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    need("curl")
    with HTTPServer(("127.0.0.1", 0), _Answer) as each:
        threading.Thread(target=each.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{each.server_port}"
        each.shutdown()


def test_a_flag_is_switched_off_or_the_command_says_no(tmp_path: Path, server: str) -> None:
    script = block("feature/feature-flag-plan.md", "curl")
    assert run(script, tmp_path, FLAGS=server, TOKEN="right").returncode == 0
    assert run(script, tmp_path, FLAGS=server, TOKEN="wrong").returncode != 0


def test_a_journey_is_tried_from_outside(tmp_path: Path, server: str) -> None:
    script = block("incident/incident-detection-and-declaration.md", "curl")
    assert run(script.replace("https://www.example.com", server), tmp_path).stdout.startswith("200 ")
    assert run(script.replace("https://www.example.com/health", f"{server}/down"), tmp_path).stdout.startswith("503 ")
    assert run(script.replace("https://www.example.com", "http://127.0.0.1:1"), tmp_path).returncode != 0


# An incident


def test_changes_before_an_incident_are_listed(repository: Path) -> None:
    program(repository, "kubectl", "echo $1 $2")
    write(repository, {"changes/log.csv": "time,part,kind\n22:00,billing,certificate\n"})
    script = block("incident/incident-triage.md", "changes/log.csv")
    shown = run(script, repository).stdout
    assert "start" in shown
    assert shown.endswith("22:00,billing,certificate\n")
    git(repository, "commit -q --amend --no-edit --date='3 days ago'", "push -qf origin main")
    aged = {"GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    assert run("git commit -q --amend --no-edit && git push -qf origin main", repository, **aged).returncode == 0
    assert "start" not in run(script, repository).stdout


@pytest.mark.parametrize(("plan", "cluster"), [(0, 0), (2, 0), (0, 1), (1, 0)])
def test_production_is_what_the_repository_says(tmp_path: Path, plan: int, cluster: int) -> None:
    program(tmp_path, "terraform", f"exit {plan}")
    program(tmp_path, "kubectl", f"exit {cluster}")
    done = run(block("incident/incident-recovery.md", "kubectl diff"), tmp_path)
    assert (done.returncode == 0) is (plan == cluster == 0)
    emergency = run(block("change-management/emergency-change.md", "terraform plan"), tmp_path)
    assert (emergency.returncode == 0) is (plan == 0)


def test_evidence_that_was_touched_is_seen(tmp_path: Path) -> None:
    need("sha256sum")
    folder = tmp_path / "evidence"
    script = block("incident/security-incident-response.md", "sha256sum").replace("/evidence", str(folder))
    assert run(script, tmp_path).returncode != 0
    write(folder, {"when": "2026-05-31\n", "processes.txt": "1 init\n"})
    done = run(script, tmp_path)
    assert (done.returncode, done.stdout) == (0, run("cd evidence && sha256sum SHA256SUMS", tmp_path).stdout)
    check = "cd evidence && sha256sum --check --quiet SHA256SUMS"
    assert run(check, tmp_path).returncode == 0
    write(folder, {"processes.txt": "2 init\n"})
    assert run(check, tmp_path).returncode != 0


def test_a_hotfix_that_the_main_branch_lacks_is_seen(repository: Path) -> None:
    missing = "log --format=%s --cherry-pick --right-only main...hotfix/INC-2026-014"
    assert "`git log --cherry-pick --right-only main...RELEASE` is empty" in (LIBRARY / "pr/hotfix-pr.md").read_text()
    start, home = block("pr/hotfix-pr.md", "git fetch --tags"), block("pr/hotfix-pr.md", "git cherry-pick")
    commit(repository, "a.txt", "a\n", "Newer work")
    git(repository, "push -q origin main")
    assert run(start, repository).returncode == 0
    assert not (repository / "a.txt").exists()
    commit(repository, "src/export.py", "def render(name): return name\n", "Correct the export")
    assert git(repository, missing) == "Correct the export\n"
    assert run(home, repository).returncode == 0
    git(repository, "switch -q main", "merge -q hotfix-main")
    assert git(repository, missing) == ""


# Weaknesses and leaks


def test_the_first_commit_with_a_leaked_key_is_found(repository: Path) -> None:
    script = block("security/secret-leak-response.md", "git log --all -")
    assert run(script, repository).returncode != 0
    write(repository.parent, {"leaked": "AKIA" + "X" * 16 + "\n"})
    assert run(script, repository).stdout == ""
    commit(repository, "keys.py", "kind = 'AKIA'\n", "no key")
    first = commit(repository, "settings.py", "key = 'AKIA" + "X" * 16 + "'\n", "settings")
    commit(repository, "settings.py", "key = 'AKIA" + "Y" * 16 + "'\n", "other key")
    commit(repository, "settings.py", "key = None\n", "removed")
    assert run(script, repository).stdout.startswith(first)


def test_commits_that_brought_a_weak_part_in_are_found(repository: Path) -> None:
    script = block("security/vulnerability-intake.md", "git log -S")
    assert run(script, repository).stdout.split(" ", 1)[1] == "start\n"
    commit(repository, "src/export.py", "def render(safe): ...\n", "corrected")
    assert len(run(script, repository).stdout.splitlines()) == 2
    assert run(script.replace("render(name)", "render(nothing)"), repository).stdout == ""


@pytest.mark.parametrize(
    ("lists", "passes"),
    [
        ("echo 'nginx 12 mem REG /usr/lib/libssl.so.3'", True),
        ("echo 'nginx 12 DEL REG /usr/lib/libssl.so.3'", False),
        ("exit 1", False),
    ],
)
def test_a_process_with_the_old_library_is_seen(tmp_path: Path, lists: str, *, passes: bool) -> None:
    program(tmp_path, "sudo", lists)
    assert (run(block("security/security-patch-rollout.md", "lsof"), tmp_path).returncode == 0) is passes


@pytest.mark.parametrize(
    ("path", "mark", "tool"),
    [
        ("operations/alert-tuning.md", "promtool", "promtool"),
        ("pr/documentation-review.md", "git grep", "git"),
    ],
)
def test_a_gate_without_its_input_does_not_pass(tmp_path: Path, path: str, mark: str, tool: str) -> None:
    need(tool)
    assert run(block(path, mark), tmp_path, BASE="HEAD").returncode != 0


# Data, rights and tests


def test_an_attribute_without_a_class_is_named(tmp_path: Path) -> None:
    script = block("data/data-classification.md", "inventory.csv")
    write(tmp_path, {"inventory.csv": "attribute,class\npublic.invoice.id,internal\npublic.invoice.sum,confidential\n"})
    program(tmp_path, "psql", "echo public.invoice.sum; echo public.invoice.id")
    assert run(script, tmp_path).returncode == 0
    program(tmp_path, "psql", "echo public.invoice.sum; echo public.customer.mail; echo public.invoice.id")
    done = run(script, tmp_path)
    assert done.returncode != 0
    assert done.stdout == "public.customer.mail\n"
    program(tmp_path, "psql", "exit 1")
    assert run(script, tmp_path).returncode != 0


def test_an_old_backup_is_seen(tmp_path: Path) -> None:
    script = block("data/data-backup-and-restore.md", "newest=")
    assert run(script, tmp_path).returncode != 0
    write(tmp_path, {"backups/billing-1.dump": "x"})
    assert run(script, tmp_path).returncode == 0
    assert run(f"touch --date='27 hours ago' backups/billing-1.dump\n{script}", tmp_path).returncode != 0


def test_a_restored_store_has_the_same_counts(tmp_path: Path) -> None:
    script = block("data/data-backup-and-restore.md", "diff counts")
    write(tmp_path, {"counts-at-backup.txt": "invoice 7\n", "counts-restored.txt": "invoice 7\n"})
    assert run(script, tmp_path).returncode == 0
    write(tmp_path, {"counts-restored.txt": "invoice 6\n"})
    assert run(script, tmp_path).returncode != 0


def test_a_right_that_the_role_does_not_give_is_named(tmp_path: Path) -> None:
    script = block("access/identity-provisioning.md", "should.txt")
    write(tmp_path, {"has.txt": "code\nwiki\n", "should.txt": "code\nwiki\n"})
    assert run(script, tmp_path).returncode == 0
    write(tmp_path, {"has.txt": "code\nproduction\nwiki\n"})
    done = run(script, tmp_path)
    assert (done.returncode != 0, done.stdout) == (True, "production\n")
    write(tmp_path, {"has.txt": "", "should.txt": ""})
    assert run(script, tmp_path).returncode != 0


def test_a_right_that_was_to_go_is_named(tmp_path: Path) -> None:
    script = block("access/access-recertification.md", "removed.txt")
    write(tmp_path, {"removed.txt": "ann admin\n", "export2.txt": "ben reader\nann reader\n"})
    assert run(script, tmp_path).returncode == 0
    write(tmp_path, {"export2.txt": "ben reader\nann admin\n"})
    done = run(script, tmp_path)
    assert (done.returncode != 0, done.stdout) == (True, "ann admin\n")
    write(tmp_path, {"export2.txt": ""})
    assert run(script, tmp_path).returncode != 0


def test_somebody_who_left_is_found(tmp_path: Path) -> None:
    need("jq")
    program(tmp_path, "gh", ASKED)
    script = block("access/identity-offboarding.md", "LOGIN").splitlines()[0]
    write(tmp_path, {"answer.json": '[{"login": "login2"}, {"login": "ann"}]'})
    assert run(script, tmp_path).stdout == ""
    write(tmp_path, {"answer.json": '[{"login": "Login"}]'})
    assert run(script, tmp_path).stdout == "Login\n"


@pytest.mark.parametrize(("days", "near"), [(90, False), (10, True)])
def test_a_certificate_near_its_end_is_seen(tmp_path: Path, days: int, *, near: bool) -> None:
    need("openssl")
    made = run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem"
        f" -out cert.pem -days {days} -subj /CN=billing.example.com",
        tmp_path,
    )
    assert made.returncode == 0, made.stderr
    shown = run(block("access/credential-rotation.md", "checkend"), tmp_path).stdout
    assert ("billing.example.com" in shown) is near


def test_the_commit_that_brought_a_defect_in_is_found(repository: Path) -> None:
    write(repository.parent, {"repeat.sh": "#!/bin/sh\ngrep -q wrong src/export.py && exit 1 || exit 0\n"})
    (repository.parent / "repeat.sh").chmod(0o755)
    good = git(repository, "rev-parse HEAD").strip()
    commit(repository, "a.txt", "a\n", "one")
    guilty = commit(repository, "src/export.py", "def render(name): return 'wrong'\n", "two")
    bad = commit(repository, "b.txt", "b\n", "three")
    script = block("testing/bug-fix.md", "git bisect").replace("BAD GOOD", f"{bad} {good}")
    done = run(script.replace("./repeat.sh", "../repeat.sh"), repository)
    assert f"{guilty} is the first bad commit" in done.stdout


@pytest.mark.parametrize(("day", "passes"), [("2999-01-01", True), ("2020-01-01", False)])
def test_a_quarantine_past_its_end_stops_the_pipeline(tmp_path: Path, day: str, *, passes: bool) -> None:
    rows = next(text for language, text in blocks("testing/flaky-test-quarantine.md") if language == "csv")
    assert rows.splitlines()[0] == "test,reason,ticket,owner,end_date"
    write(tmp_path, {"tests/quarantine.csv": rows.replace("2026-04-10", day)})
    script = block("testing/flaky-test-quarantine.md", "awk")
    done = run(script, tmp_path)
    assert (done.returncode == 0, "test_mail" in done.stdout) == (passes, not passes)
    (tmp_path / "tests/quarantine.csv").unlink()
    assert run(script, tmp_path).returncode != 0


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("ann@example.com,1\n", True),
        ("ann@example.com,1\nben@mail.test,2\n", False),
        ("ann@example.com.evil.test,1\n", False),
        ("", False),
    ],
)
def test_a_real_address_in_a_set_is_seen(tmp_path: Path, text: str, *, passes: bool) -> None:
    write(tmp_path, {"set.csv": text})
    assert (run(block("testing/test-data-management.md", "set.csv"), tmp_path).returncode == 0) is passes


def test_an_environment_that_reaches_production_is_not_ready(tmp_path: Path) -> None:
    script = block("testing/test-environment-provisioning.md", "/dev/tcp")
    with HTTPServer(("127.0.0.1", 0), _Answer) as listening:
        open_port = script.replace("/5432", f"/{listening.server_port}")
        assert run(open_port, tmp_path, PRODUCTION_HOST="127.0.0.1").returncode != 0
    assert run(open_port, tmp_path, PRODUCTION_HOST="127.0.0.1").returncode == 0


def test_what_still_names_an_ended_service_is_found(repository: Path) -> None:
    script = block("architecture/service-decommissioning.md", "git grep")
    assert run(script, repository).returncode != 0
    commit(repository, "jobs.txt", "curl $EXPORT_URL\n", "job")
    assert run(script, repository).stdout == "jobs.txt:1:curl $EXPORT_URL\n"


def test_files_that_change_most_come_first(repository: Path) -> None:
    commit(repository, "src/export.py", "def render(other): ...\n", "again")
    shown = run(block("architecture/technical-debt-assessment.md", "git log --since"), repository).stdout
    assert shown.splitlines()[0].split() == ["2", "src/export.py"]


def test_a_licence_that_nobody_accepted_is_named(tmp_path: Path) -> None:
    need("jq")
    script = block("governance/open-source-licence-clearance.md", "licences.tsv")
    known = {"name": "csv-safe", "version": "2.3.1", "licenses": [{"license": {"id": "MIT"}}]}
    write(tmp_path, {"sbom.json": json.dumps({"components": [known]})})
    assert run(script, tmp_path).returncode != 0
    write(tmp_path, {"accepted.txt": "MIT\nApache-2.0\n"})
    assert run(script, tmp_path).returncode == 0
    for other in ({"licenses": [{"expression": "AGPL-3.0-only"}]}, {}):
        write(tmp_path, {"sbom.json": json.dumps({"components": [known, {"name": "x", "version": "1", **other}]})})
        done = run(script, tmp_path)
        assert done.returncode != 0
        assert done.stdout.strip() in {"AGPL-3.0-only", "NONE"}


def test_a_merge_without_an_approval_is_named(tmp_path: Path) -> None:
    need("jq")
    script = block("governance/control-evidence-collection.md", "merges.json")
    program(tmp_path, "gh", "cat answer.json")
    merges = [{"number": 7, "reviews": [{"state": "COMMENTED"}, {"state": "APPROVED"}]}]
    write(tmp_path, {"answer.json": json.dumps(merges)})
    assert run(script, tmp_path).returncode == 0
    write(tmp_path, {"answer.json": json.dumps([*merges, {"number": 8, "reviews": [{"state": "COMMENTED"}]}])})
    done = run(script, tmp_path)
    assert done.returncode != 0
    assert "[8]" in done.stdout
    program(tmp_path, "gh", "exit 1")
    assert run(script, tmp_path).returncode != 0
