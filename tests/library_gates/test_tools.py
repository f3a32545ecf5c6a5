"""Scanners, signers and generators that the documents call, as small programs with the exit codes of the real ones."""

import json
import re
from pathlib import Path

import pytest

from tests.library_gates.quote import LIBRARY, block, git, need, program, run, write

# Exit 1 for a finding only where the option asks for it, as semgrep and dashboard-linter do.
ON_REQUEST = 'case " $* " in *" {option} "*) test ! -e finding;; esac'
# Exit 7 without the file of rules, as semgrep does.
RULES = 'test -e "$3" || exit 7\n' + ON_REQUEST.format(option="--error")

# A scanner writes where its option says, and ends with 1 when it has results, or with 2 and no report when it breaks.
SCANNER = """
for word; do
  case $option in
    --output | --report-path) report=$word;;
    --output-file-path) mkdir -p "$word" && report=$word/results_sarif.sarif;;
  esac
  option=$word
done
test ! -e "$(basename "$0").broken" || exit 2
results=$(cat "$(basename "$0").results" 2> none)
echo "{\\"runs\\": [{\\"results\\": [$results]}]}" > "$report"
test -z "$results"
"""
SCANNERS = ("gitleaks", "osv-scanner", "semgrep", "checkov")
SCAN = "pr/change-security-scan.md"


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    """A repository with one commit more than `origin/main`."""
    need("git")
    git(
        tmp_path,
        "init -q -b main",
        "commit -q --allow-empty -m base",
        "update-ref refs/remotes/origin/main HEAD",
        "commit -q --allow-empty -m change",
    )
    return tmp_path


def scanned(root: Path) -> list[bool]:
    """Whether all reports are there, and whether nothing is undecided, after the four scans."""
    run(block(SCAN, "osv-scanner"), root, BASE="origin/main")
    return [run(block(SCAN, mark), root).returncode == 0 for mark in ("for report in", "suppressions")]


@pytest.mark.parametrize("name", SCANNERS)
def test_each_scanner_can_stop_a_change(branch: Path, name: str) -> None:
    need("jq")
    for each in SCANNERS:
        program(branch, each, SCANNER)
    assert scanned(branch) == [True, True]
    write(branch, {f"{name}.results": json.dumps({"ruleId": "a"})})
    assert scanned(branch) == [True, False]
    (branch / f"{name}.results").unlink()
    assert scanned(branch) == [True, True]
    # The report of the good run is still there when the next one breaks.
    write(branch, {f"{name}.broken": ""})
    assert scanned(branch)[0] is False


def test_new_code_with_a_finding_or_without_a_base_does_not_pass(branch: Path) -> None:
    script = block("pr/code-quality-and-style.md", "semgrep scan")
    program(branch, "semgrep", ON_REQUEST.format(option="--error"))
    assert run(script, branch).returncode == 0
    write(branch, {"finding": ""})
    assert run(script, branch).returncode != 0
    (branch / "finding").unlink()
    git(branch, "update-ref -d refs/remotes/origin/main")
    assert run(script, branch).returncode != 0


def test_a_sibling_of_a_weakness_is_seen(tmp_path: Path) -> None:
    script = block("security/vulnerability-remediation.md", "semgrep")
    program(tmp_path, "semgrep", RULES)
    assert run(script, tmp_path).returncode != 0
    write(tmp_path, {"rules/no-raw-sql.yml": "rules: []\n"})
    assert script.split()[2:4] == ["--config", "rules/no-raw-sql.yml"]
    assert run(script, tmp_path).returncode == 0
    write(tmp_path, {"finding": ""})
    assert run(script, tmp_path).returncode != 0


@pytest.mark.parametrize(
    ("scan", "signatures", "passes"),
    [(0, 0, True), (1, 0, False), (127, 0, False), (128, 0, False), (0, 1, False)],
)
def test_a_weak_or_unsigned_package_does_not_pass(tmp_path: Path, scan: int, signatures: int, *, passes: bool) -> None:
    program(tmp_path, "osv-scanner", f"exit {scan}")
    program(tmp_path, "npm", f"exit {signatures}")
    script = block("pr/dependency-update-review.md", "osv-scanner")
    assert (run(script, tmp_path).returncode == 0) is passes


@pytest.mark.parametrize(("hosts", "image", "passes"), [(0, 0, True), (1, 0, False), (0, 1, False)])
def test_a_list_of_affected_parts_with_a_gap_is_no_list(
    tmp_path: Path, hosts: int, image: int, *, passes: bool
) -> None:
    program(tmp_path, "osqueryi", f"echo '[]'; exit {hosts}")
    program(tmp_path, "grype", f"echo '{{}}'; exit {image}")
    assert (run(block("security/security-patch-rollout.md", "grype"), tmp_path).returncode == 0) is passes


def test_components_come_from_a_bill_that_is_there(tmp_path: Path) -> None:
    command = re.search(r"`(grype sbom:[^`]+)`", (LIBRARY / "feature/security-review.md").read_text())
    assert command is not None
    program(tmp_path, "grype", 'cat "${1#sbom:}"')
    assert run(command[1], tmp_path).returncode != 0
    write(tmp_path, {"sbom.cdx.json": "{}"})
    assert run(command[1], tmp_path).returncode == 0
    assert (tmp_path / "components.json").read_text() == "{}"


def test_a_dashboard_that_is_not_built_or_has_a_mistake_is_not_published(tmp_path: Path) -> None:
    script = block("operations/dashboard-publication.md", "jsonnet")
    program(tmp_path, "jsonnet", 'cat "$3"')
    program(
        tmp_path,
        "dashboard-linter",
        'for last; do :; done; test -s "$last" || exit 1\n' + ON_REQUEST.format(option="--strict"),
    )
    assert run(script, tmp_path).returncode != 0
    write(tmp_path, {"dashboards/export.jsonnet": "{}"})
    assert run(script, tmp_path).returncode == 0
    write(tmp_path, {"finding": ""})
    assert run(script, tmp_path).returncode != 0


SIGNING = "release/release-artifact-signing.md"


@pytest.mark.parametrize("refused", ["", "sign", "slsaprovenance1", "cyclonedx"])
def test_an_image_without_signature_origin_or_bill_is_not_signed(tmp_path: Path, refused: str) -> None:
    program(tmp_path, "cosign", f'case " $* " in *" {refused or "nothing"} "*) exit 1;; esac')
    assert (run(block(SIGNING, "cosign sign"), tmp_path).returncode == 0) is (not refused)


def test_an_image_of_another_signer_does_not_verify(tmp_path: Path) -> None:
    script = block(SIGNING, "cosign verify")
    program(tmp_path, "cosign", 'grep -qxF -- "$2 $4 $6" signatures')
    write(tmp_path, {"signatures": ""})
    assert run(script, tmp_path).returncode != 0
    image, identity, issuer = re.findall(r"billing@\S+|(?<=')https://[^']+(?=')", script)
    for workflow, passes in (("release.yml", True), ("checks.yml", False)):
        signer = identity.replace("release.yml", workflow)
        write(tmp_path, {"signatures": f"registry.example.com/{image} {signer} {issuer}\n"})
        assert (run(script, tmp_path).returncode == 0) is passes
