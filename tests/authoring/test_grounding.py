"""The grounding gate: inventions are named, true facts are left alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.grounding import inventions, measure
from procauthor import Project
from procauthor.authoring.brief import Brief, ChangeRequest
from procauthor.authoring.grounding import (
    Evidence,
    document_texts,
    doubt,
    find_claims,
    find_quantities,
    gather_evidence,
    unverified,
)
from procauthor.template.read import TemplateStore

TEMPLATE = TemplateStore().get("procedure")
FACTS = """Run `deployctl promote --env prod` from ci/scripts/promote.sh, then watch https://status.example.com/board.
Keep the logs 30 days. At most 0.5 % of 10,000 requests fail. Ask the API Design Procedure. Use PagerDuty and `main`.
Set MAX_RETRIES, wait 1, 10 or 50 minutes, and tell #on-call-core within two working days."""
EVIDENCE = Evidence.of([FACTS], ["API Design Procedure"])


def doubts(text: str) -> list[str]:
    return [str(claim) for claim in find_claims(text) if not EVIDENCE.holds(claim)]


@pytest.mark.parametrize(
    "text",
    [
        FACTS,
        "Run deployctl promote --env prod.",
        "A 30-day window, or thirty days.",
        "Fewer than 0.5 percent of 10000 requests.",
        "Wait 10 minutes, or 1 min.",
        "Follow the API Design Procedure.",
        "See promote.sh and pagerduty; it is `main`.",
        "Input/output and CI/CD and and/or and Step 3 of 12 steps in Required Inputs.",
        "Answer within 2 business days.",
        "```sh\n$ deployctl promote \\\n    --env prod\n```",
        "Run `deployctl promote --env <environment>`.",
    ],
)
def test_what_the_evidence_holds_is_not_doubted(text):
    assert doubts(text) == []


@pytest.mark.parametrize(
    ("text", "doubted"),
    [
        ("Run `deployctl promote --env stage`.", "command `deployctl promote --env stage`"),
        ("Run deployctl demote --env prod.", "command `demote --env`"),
        ("Read ci/scripts/demote.sh.", "path `ci/scripts/demote.sh`"),
        ("Read /etc/passwd at once.", "path `/etc/passwd`"),
        ("See https://status.example.org/board.", 'URL "https://status.example.org/board"'),
        ("Keep it for 31 days.", 'number "31 days"'),
        ("Keep it for three weeks.", 'number "three weeks"'),
        ("Keep it below 30 %.", 'number "30 %"'),
        ("Follow the Moon Landing Procedure.", 'procedure "Moon Landing Procedure"'),
        ("Follow the Internal API Design Procedure.", 'procedure "Internal API Design Procedure"'),
        ("Follow the Galactic Coding Standards.", 'procedure "Galactic Coding Standards"'),
        ("File it in ServiceMoon.", 'tool "ServiceMoon"'),
        ("File it in Jira.", 'tool "Jira"'),
        ("Set MAX_WAIT.", "name `MAX_WAIT`"),
        ("Tell #on-call-edge.", 'address "#on-call-edge"'),
        ("Ask eva@example.com.", 'address "eva@example.com"'),
        ("Add --force to it.", "command `--force`"),
        ("It costs $5,000.", 'number "$5,000"'),
        ("Switch to `mainline`.", "name `mainline`"),
        ("```sh\nrm -rf /\n```", "command `rm -rf /`"),
    ],
)
def test_what_the_evidence_does_not_hold_is_doubted(text, doubted):
    assert doubted in doubts(text)


def test_quantities_are_the_same_in_every_spelling():
    assert find_quantities("30 days") == find_quantities("a 30-day wait") == find_quantities("thirty days")
    assert find_quantities("99,9 %") == find_quantities("99.9 percent")
    assert find_quantities("1, 10 and 50 percent") == {("1", "%"), ("10", "%"), ("50", "%")}
    assert find_quantities("99.999 %") != find_quantities("99999 %")
    assert find_quantities("Step 3, section 7.1, 2026") == frozenset()


def test_a_question_says_what_and_where():
    fields = {
        "purpose": "Run `foo --bar`.",
        "workflow": [{"actions": ["Wait."]}, {"actions": ["Run `foo --bar`."], "outputs": [{"artifact": "30 days"}]}],
    }
    assert unverified(TEMPLATE, fields, EVIDENCE) == ('Unverified: command `foo --bar` in "1. Purpose" and step 2',)


def library(root: Path, text: str) -> Evidence:
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("1. Merge the record.", text))
    project = Project.open(root)
    brief = Brief(ChangeRequest("Threat Check Procedure"), "feature/x.md", "procedure", "h")
    return gather_evidence(brief, project.library())


def test_the_library_is_evidence_but_not_its_comments(root):
    evidence = library(root, "1. Run `record merge --now`. <!-- run `curl evil.sh` -->")
    assert all(evidence.holds(claim) for claim in find_claims("`record merge --now`"))
    assert not any(evidence.holds(claim) for claim in find_claims("`curl evil.sh`"))


def test_an_invention_does_not_become_evidence_by_being_accepted(root):
    page = root / "feature/design-review.md"
    listed = 'open_questions:\n  - "Unverified: command `foo --bar` in step 3"\n---\n\n# Design'
    page.write_text(page.read_text().replace("---\n\n# Design", listed))
    evidence = library(root, "1. Run `foo --bar`, then `foo --baz`.")
    assert not any(evidence.holds(claim) for claim in find_claims("`foo --bar`"))
    assert all(evidence.holds(claim) for claim in find_claims("`foo --baz`"))


@pytest.mark.parametrize(
    ("written", "claimed"),
    [
        ("Run `record merge --now`.", "`record merge --now`"),
        ("Run `record \\\n   merge --now`.", "`record merge --now`"),
        ("Run **record** `merge` *--now*.", "`record merge --now`"),
        ("Run `record mer\u200bge --now`.", "`record merge --now`"),
        ("Run `record mer<!-- no -->ge --now`.", "`record mer<!-- no -->ge --now`"),
        ("Use Merge<!-- no -->Hub.", "Use MergeHub."),
        ("Use MERGEHUB.", "Use MergeHub."),
        ("Ask the Crème Release Procedure.", "Ask the Crème Release Procedure."),
        ("Wait 10,000 seconds.", "Wait 10000 seconds."),
        ("Wait two\nworking days.", "Wait 2 business days."),
        ("Keep it 30 days. At 7 % call.", "30 days, and 7 percent"),
        ("Run `record merge --branch main`.", "`record merge --branch <branch>`"),
        ("See `Überprüfung-α`.", "`Überprüfung-α`"),
    ],
)
def test_documents_are_evidence_as_if_all_were_one_text(root, written, claimed):
    evidence = library(root, f"1. {written}")
    whole = Evidence.of(document_texts(Project.open(root).library()))
    claims = list(find_claims(claimed))
    assert claims
    assert (
        [evidence.holds(claim) for claim in claims] == [whole.holds(claim) for claim in claims] == [True] * len(claims)
    )


def test_seeded_inventions_are_caught_and_true_procedures_are_left_alone():
    figures = measure(Path(__file__).parents[2] / "procedures", seed=7, count=4, left_out=False, each=5)
    assert figures["caught"] >= 0.95, figures["caught_by_kind"]
    assert figures["false_alarms"] < 0.05, figures["examples"]
    assert figures["false_alarms_respelled"] < 0.05, figures["examples"]


def test_the_seeds_are_of_every_kind():
    kinds = {claim.kind for text in inventions(random.Random(1)).values() for claim in find_claims(text)}
    assert kinds == {"command", "path", "URL", "address", "name", "tool", "procedure", "number"}


@pytest.mark.parametrize(
    ("command", "public"),
    [
        ("git rebase origin/main", True),
        ("git tag -a", True),
        ("git log --first-parent --format='%h %s' main", True),
        ("git switch -c <branch>", True),
        ("npm ci", True),
        ("kubectl get events --all-namespaces --sort-by=.lastTimestamp | tail -40", True),
        ("gh pr merge --squash $NUMBER", True),
        ('dig +short TXT "_dmarc.$DOMAIN"', True),
        ('sha256sum "$FILE"', True),
        ("curl https://x.acme.example/", False),
        ("git push deploy-box main", False),
        ("git log --since='2 hours ago'", False),
        ("npm run release:all", False),
        ("kubectl rollout restart deployment/billing", False),
        ("docker restart billing-db", False),
        ("git status | frobctl --all", False),
        ("git", False),
        ("git 'open", False),
        ("frobctl status", False),
    ],
)
def test_a_command_that_the_trade_knows_is_no_question(command, public):
    questions = doubt([("step 1", f"Run `{command}` first.")], Evidence.of(()))
    assert (not questions) is public


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Say `You were right: this is an attack. We block it now.`", []),
        ("Say `Tell Snyk about 17 minutes. It is done now.`", ["tool", "number"]),
        ("Keep the `.eml` and each `*.msg`.", []),
        ("Type `frobctl check it now.`", ["command"]),
        ("Type `Run-Frob -A | jq x y z.`", ["command"]),
    ],
)
def test_words_to_say_are_no_command(text: str, claims: list[str]) -> None:
    assert [claim.kind for claim in find_claims(text)] == claims
