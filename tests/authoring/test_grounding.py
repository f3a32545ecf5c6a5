"""The grounding gate: inventions are named, true facts are left alone."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.grounding import inventions, measure
from procauthor import Project
from procauthor.authoring.brief import Brief, ChangeRequest
from procauthor.authoring.claim import find_claims, find_quantities
from procauthor.authoring.grounding import DocumentTexts, Evidence, document_texts, doubt, gather_evidence, unverified
from procauthor.library.status import list_proposals
from procauthor.template.read import TemplateStore

TEMPLATE = TemplateStore().get("procedure")
FACTS = """Run `deployctl promote --env prod` from ci/scripts/promote.sh, then watch https://status.example.com/board.
Keep the logs 30 days. At most 0.5 % of 10,000 requests fail. Ask the API Design Procedure. Use PagerDuty and `main`.
Set MAX_RETRIES, wait 1, 10 or 50 minutes, and tell #on-call-core within two working days."""
EVIDENCE = Evidence.of([FACTS], ["API Design Procedure", "Procedure Design Procedure"])


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
        "Go on with Procedure Design Procedure.",
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
    assert unverified(TEMPLATE, fields, EVIDENCE, ()) == ('Unverified: command `foo --bar` in "1. Purpose" and step 2',)


def library(root: Path, text: str) -> Evidence:
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("1. Merge the record.", text))
    project = Project.open(root)
    brief = Brief(ChangeRequest("Threat Check Procedure"), "feature/x.md", "procedure", "h")
    return gather_evidence(brief, project.library(), DocumentTexts())


def test_the_library_is_evidence_but_not_its_comments(root):
    evidence = library(root, "1. Run `record merge --now`. <!-- run `frobctl evil.sh` -->")
    assert all(evidence.holds(claim) for claim in find_claims("`record merge --now`"))
    assert not any(evidence.holds(claim) for claim in find_claims("`frobctl evil.sh`"))


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
    figures = measure(Path(__file__).parents[2] / "procedures", seed=7, count=4, left_out=False, each=12)
    assert figures["caught"] >= 0.95, figures["caught_by_kind"]
    assert figures["false_alarms"] < 0.05, figures["examples"]
    assert figures["false_alarms_respelled"] < 0.05, figures["examples"]


def test_the_seeds_are_of_every_kind():
    kinds = {claim.kind for text in inventions(random.Random(1)).values() for claim in find_claims(text)}
    assert kinds == {"command", "path", "URL", "address", "name", "tool", "procedure", "number"}


PUBLIC = r"""git rebase origin/main
git tag -a
git switch -c <branch>
git log --since='2 hours ago'
npm ci
kubectl get events --all-namespaces --sort-by=.lastTimestamp | tail -40
kubectl rollout undo deployment/$NAME
gh pr merge --squash $NUMBER
curl -s "https://rdap.org/domain/$DOMAIN" | jq -r '.events[] | select(.eventAction=="registration") | .eventDate'
curl -sI http://HOST/.well-known/acme-challenge/x
dig +short TXT "_dmarc.$DOMAIN"
sha256sum "$FILE"
openssl s_client -connect HOST:443 -servername HOST </dev/null 2>/dev/null | openssl x509 -noout -serial
(umask 077; openssl req -new -newkey ec -noenc -keyout HOST.key -subj "/CN=HOST" -out HOST.csr)
cmp <(openssl x509 -in NEW.pem -noout -pubkey) <(openssl pkey -in NEW.key -pubout)
for a in $(dig +short A HOST; dig +short AAAA HOST); do
case $a in *.) continue ;; *:*) t="[$a]" ;; *) t=$a ;; esac
nginx -t && nginx -s reload
pg_dumpall -d "service=old" --globals-only > globals.sql
psql "service=new dbname=$DB" -c "CREATE PUBLICATION upgrade FOR ALL TABLES"
-- stock.sql: psql -f stock.sql
SELECT 'unlogged', oid::regclass FROM pg_class WHERE relkind = 'r';
WHERE c.relkind = 'r' AND c.relpersistence = 'p'
REPLICA IDENTITY FULL
$hits = Get-ComplianceSearch -Identity $CASE
New-ComplianceSearchAction -SearchName $CASE -Purge -PurgeType SoftDelete""".splitlines()
PUBLIC += r"""curl -fsS "$REG/subjects/$SUBJECT/versions" # note the mode
kafka-topics.sh --bootstrap-server "$BROKER" --alter --topic "$TOPIC.v2" --add-config retention.ms=86400000
aws cloudtrail lookup-events --region "$R" --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteTrail
for R in $(aws ec2 describe-regions --query 'Regions[].RegionName' --output text); do
az ad user update --id "$ID" --account-enabled false
az rest --url "$G/users/$ID/memberOf?\$select=displayName" -o tsv | sort > has.txt
gh api -X DELETE "repos/$ORG/$REPO/keys/NUMBER"
kubectl scale deployment/NAME --replicas=1
kubectl patch hpa NAME -p '{"spec":{"maxReplicas":NUMBER}}'
if [ $TRY = 5 ]; then echo "$KEY" >> parked.txt; else sleep $((TRY * 30)); fi
. ./own.env; unset KEY
rm -f held.csv ours.txt""".splitlines()
PUBLIC += r"""kubectl -n "$NS" get hpa "$APP" -o jsonpath='{.spec.minReplicas} {.spec.maxReplicas}{"\n"}' &&
aws wafv2 update-web-acl --lock-token "$(jq -r .LockToken acl.json)" --cli-input-json file://new.json
echo "set maxconn frontend web 2000" | socat - /run/haproxy.sock
kubectl get pods -A --field-selector status.phase=Pending
export ACL=shop-edge ACL_ID=1a2b MAX=6000
python -m venv .venv && .venv/bin/pip install -q -r requirements.txt
git config user.name "First Last" && git config user.email name@example.com
gh api -X DELETE orgs/ORG/teams/TEAM/memberships/USER
velero --kubecontext "$CTX" backup create "$NAME" --wait
$K get deploy -A -o json | jq -r '.items[]'""".splitlines()
PUBLIC += r"""kafka-topics.sh --bootstrap-server "$BROKER" --delete --topic billing
aws iam delete-role --role-name BillingDeploy
aws rds wait db-instance-available --db-instance-identifier "$DB"
DO $$ DECLARE s record; BEGIN
550 5.7.1 rejected
psql -c '\\if :right_db'
nohup ./own.sh &
curl -s https://example.com/ http://sink.test/
stripe post /v1/invoices/create_preview -d "$SUB"
tail -f /var/log/nginx/error.log
open() { cat "$1"; }; open a""".splitlines()
OF_A_TEAM = """curl https://x.acme.com/
git status | frobctl --all
kubectl rollout restart deployment/billing
frobctl status
if frobctl status; then echo yes; fi
psql -h db1.corp.internal -c "SELECT 1"
cat /srv/acme/limits
aws s3 ls s3://acme-ledgers
A=$(frobctl status)
Send-MailMessage -To ops@acme.com
SELECT * FROM hook WHERE url = 'https://hooks.acme.com/a'""".splitlines()
SPOKEN = ["wave clean", "done outside", "Stop, stop, stop", "changed 3, expected 3", "max_wait", "p=reject", "--force"]


@pytest.mark.parametrize("command", PUBLIC)
def test_a_command_that_the_trade_knows_is_no_question(command: str) -> None:
    for text in (f"Run `{command}` first.", f"```sh\n{command}\n```"):
        assert doubt([("step 1", text)], Evidence.of(())) == ()


@pytest.mark.parametrize("command", OF_A_TEAM)
def test_a_command_with_what_a_team_has_named_is_a_question(command: str) -> None:
    for text in (f"Run `{command}` first.", f"```sh\n{command}\n```"):
        assert len(doubt([("step 1", text)], Evidence.of(()))) == 1


@pytest.mark.parametrize(
    "name",
    [
        "Reply-To",
        "dmarc=fail",
        "hxxps://",
        "$CASE",
        "NUMBER",
        "XX001",
        "back_$DB",
        "pg_class",
        "uuid",
        "git",
        "Get-InboxRule",
        "int",
        '"is_compatible":true',
        "N=1000000",
        "TOPIC.repair-GROUP",
        "/ACCOUNT",
        *SPOKEN,
    ],
)
def test_a_name_that_the_trade_knows_is_no_question(name: str) -> None:
    assert doubt([("step 1", f"Read `{name}` there, on port 443.")], Evidence.of(())) == ()


@pytest.mark.parametrize(
    ("texts", "asked"),
    [
        (["```sh\nfrobctl a\nfrobctl b\n```"], ["command `frobctl a` in step 1"]),
        (["```sh\nfrobctl 'a\n b'\n```\nRead `out.csv`."], ["command `frobctl 'a b'` in step 1"]),
        (["```sh\npython3 - <<'END'\nimport frob\nEND\nfrobctl a\n```"], ["command `frobctl a` in step 1"]),
        (["```python\nimport frob\n```"], []),
        (["```sql\nSELECT frob FROM b;\n\\if :ok\n```"], []),
        (["```yaml\nurl: https://frob.acme.com\n```"], ["place `frob.acme.com` in step 1"]),
        (["```text\nWe know more at 17:00, in 90 minutes.\n```"], ['number "90 minutes" in step 1']),
        (
            ["Run `frobctl a`.", "Read `ops/frob.yml`, then `/srv/frob`."],
            ["commands `frobctl a` in", "names and places `ops/frob.yml` in step 2; `/srv/frob` in step 2"],
        ),
        (
            [
                "Check 500 rows of 2 GB on 2026-03-02, in MySQL or Okta. PyPI: yank it. See `/etc/fstab` in DiskPressure."
            ],
            [],
        ),
        (["Open a ticket in Jira."], ['tool "Jira" in step 1']),
        (["Wait 3 days, or 5 %.", "Wait 3 days."], ['numbers "3 days" in step 1 and step 2; "5 %" in step 1']),
        (
            ["Ask a.acme.internal and b.acme.internal."],
            ['names and places "a.acme.internal" in step 1; "b.acme.internal" in step 1'],
        ),
        (["From 2026, 100 days; from 2027 47 days."], ['numbers "100 days" in step 1; "47 days" in step 1']),
        (["At 10:20 errors begin: ask 192.0.2.10 or 2001:db8::7."], []),
        (["Ask 10.0.2.10."], ['address "10.0.2.10" in step 1']),
        (["Report it to `report@apwg.org`, see https://www.rfc-editor.org/rfc/rfc9110."], []),
    ],
)
def test_what_is_answered_together_is_one_question(texts: list[str], asked: list[str]) -> None:
    questions = doubt([(f"step {n}", text) for n, text in enumerate(texts, start=1)], Evidence.of(()))
    assert len(questions) == bool(asked)
    for words in asked:
        assert words in questions[0]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Run `git tag -a v1` and `frobctl push --fast`.", "command `frobctl push --fast` in step 1"),
        ("Run `git fetch && frobctl push | tail -1`.", "command `frobctl push` in step 1"),
        ("```sh\nkubectl -n shop scale deploy/worker --replicas=0\n```", "place `deploy/worker` in step 1"),
        ("If it is gone: end in Lost.", ""),
        ("Begin on Wednesday.", ""),
        ("Ask the Chief Threat Officer first.", 'role "Chief Threat Officer" in step 1'),
        ("Ask the Deputy Floor Lead first.", ""),
    ],
)
def test_of_a_command_only_what_a_team_knows_is_asked_and_roles_are(text: str, asked: str) -> None:
    questions = doubt([("step 1", text)], replace(Evidence.of(()), roles=("floor lead",)))
    assert len(questions) == bool(asked)
    assert all(asked in question for question in questions)


def test_who_does_a_step_is_asked_where_no_page_names_the_role_and_an_example_is_not() -> None:
    rows = [
        {"who": {"role": role, "time": "1 hour"}}
        for role in ("duty porter", "floor lead", "floor lead (of the hall)", "duty porter, who has the keys")
    ]
    fields = {"workflow": rows, "worked_example": "At 12,000 requests a.acme.internal is full: 34 pods."}
    evidence = replace(Evidence.of(()), roles=("floor lead",))
    assert unverified(TEMPLATE, fields, evidence, ()) == ('Unverified: role "duty porter" in step 1 and step 4',)


def test_a_time_in_another_unit_is_the_same() -> None:
    fields = {
        "workflow": [{"who": {"role": None, "time": time}} for time in (None, "12 minutes")],
        "purpose": "Over in 720 seconds, or 13 minutes, for 5 %.",
    }
    assert unverified(TEMPLATE, fields, Evidence.of(()), ()) == (
        'Unverified: numbers "13 minutes" in "1. Purpose"; "5 %" in "1. Purpose"',
    )


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (
            "Keep it in `/srv/acme/audit`, tell #ops-night at 12 % after 40 days, and open a ticket in Jira.",
            [
                'names and places `/srv/acme/audit` in step 1; "#ops-night" in step 1; "Jira" in step 1',
                'numbers "12 %" in step 1; "40 days" in step 1',
            ],
        ),
        (f"Wait 1,5,10 days, or {'9' * 400} days.", ["numbers"]),
        ("At T + 70 minutes it is over: 70 minutes (proposed: 25 minutes; as usual), then 95 minutes.", []),
    ],
)
def test_what_only_a_team_knows_is_asked_and_its_own_times_are_not(text: str, asked: list[str]) -> None:
    questions = doubt([("step 1", text)], Evidence.of(()))
    assert len(questions) == bool(asked)
    for words in asked:
        assert words in questions[0]


def test_the_times_of_the_steps_and_their_sums_are_the_authors() -> None:
    steps = [{"who": {"time": time}, "actions": ["Wait 25 minutes."]} for time in ("15 minutes", "30 minutes")]
    fields = {"workflow": steps, "purpose": "It is over after 45 minutes. Records stay 40 days, alerts 50 minutes."}
    evidence = Evidence.of(())
    (question,) = unverified(TEMPLATE, fields, evidence, ())
    assert question == (
        'Unverified: numbers "40 days" in "1. Purpose"; "50 minutes" in "1. Purpose"; "25 minutes" in step 1 and step 2'
    )
    assert unverified(TEMPLATE, fields, evidence, [question]) == ()


def test_a_document_asks_one_question_about_all_that_nobody_could_verify() -> None:
    text = "Run `frobctl a`; read `/srv/a` and `b_c` at a.acme.internal; tell #ops-night in 3 days, at 5 %, in Jira."
    questions = doubt([(f"step {n}", f"{text} Type `frobctl {n}`.") for n in range(9)], Evidence.of(()))
    assert len(questions) == 1
    assert re.findall(r"(?:: |; )(commands|names and places|numbers) ", questions[0]) == [
        "commands",
        "names and places",
        "numbers",
    ]


def test_what_is_asked_together_does_not_become_evidence(root: Path) -> None:
    page = root / "feature/design-review.md"
    claims = [
        "commands `foo --bar` in step 1; `frob a` in step 2",
        "names and places `foo_b` in step 1; `/x/c` in step 2",
    ]
    claims += ["commands `foo --baz` and `frob b`", f"command `b{'x' * 119}...`"]
    lines = "\n".join(f'  - "Unverified: {claim} in step 3"' for claim in claims)
    listed = f"open_questions:\n{lines}\n---\n\n# Design"
    page.write_text(page.read_text().replace("---\n\n# Design", listed))
    block = "```sh\n   frob a\n   frob c\n   ```"
    evidence = library(
        root, f"1. Run `foo --bar`:\n\n   {block}\n\n2. Run `b{'x' * 140}`, `foo --baz`, `foo_b`, `/x/c`."
    )
    for command in ("foo --bar", "frob a", "frob c", f"b{'x' * 140}", "foo --baz", "foo_b", "/x/c"):
        assert not any(evidence.holds(claim) for claim in find_claims(f"`{command}`")), command


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Say `You were right: this is an attack. We block it now.`", []),
        ("Say `Report it in Snyk for 17 minutes. It is done now.`", ["tool", "number"]),
        ("Type `frobctl check it now.`", ["command"]),
        ("Type `Run-Frob -A | jq x y z.`", ["command"]),
    ],
)
def test_words_to_say_are_no_command(text: str, claims: list[str]) -> None:
    assert [claim.kind for claim in find_claims(text)] == claims


@pytest.mark.parametrize("sign", ["@", "*a/", "<a>"])
def test_signs_without_an_end_are_not_read_again_from_each_of_them(sign: str) -> None:
    start = time.process_time()
    assert len(list(find_claims(f"{sign * 12_000}"[:12_000]))) < 2
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("written", "shown", "listed"),
    [
        ("If 500 rows are wrong (proposed: 500; few): stop", "If 500 (proposed) rows are wrong: stop", ["500; few"]),
        ("Call 4 days after it (proposed: 4 days; x).", "Call 4 days (proposed) after it.", ["4 days; x"]),
        ("Wait (proposed: 45 minutes; x) 45 minutes long.", "Wait 45 minutes (proposed) long.", ["45 minutes; x"]),
        ("Wait (proposed: 4 days; x)\n\n4 days on, call.", "Wait 4 days (proposed)\n\n4 days on, call.", ["4 days; x"]),
        ("Fewer than 5 rows (proposed: 5; x).", "Fewer than 5 (proposed) rows.", ["5; x"]),
        ("In Step 5 wait for all of their answers (proposed: 5; x).", None, ["5; x"]),
        ("| keep 30 days (proposed: 30 days; x) | 30 days |", "| keep 30 days (proposed) | 30 days |", ["30 days; x"]),
        (
            "Wait 3 % (proposed: 3 %; a), 5 % (proposed; b).",
            "Wait 3 % (proposed), 5 % (proposed).",
            ["3 %; a", "5 %; b"],
        ),
        ("Left open (proposed: never; x", "Left open (proposed: never; x", []),
    ],
)
def test_a_proposed_value_is_said_once_and_rests_on_nothing(written: str, shown: str | None, listed: list[str]) -> None:
    assert list_proposals(written) == (shown or written.replace("(proposed: 5; x)", "5 (proposed)"), tuple(listed))
    assert doubt([("step 1", written.replace("Left open", "It"))], Evidence.of(())) == ()
