"""update as a user runs it: offline, and with a model on the loopback interface."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from procauthor import Draft, Project
from procauthor.errors import AuthoringError, ProcauthorError
from tests.cli.inside import run, run_json
from tests.conftest import REVIEW, snapshot
from tests.loopback import Json, Loopback, Scripted, data, failure, schema_of, words_of

TITLE = "Design Review Procedure"
FILE = "feature/design-review.md"
Script = Callable[[Json], Scripted]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")


def point(root: Path, server: Loopback, **settings: object) -> Path:
    lines = [f'base_url = "{server.url}"', "retries = 0", "timeout = 5.0"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    file = root / "procauthor.toml"
    file.write_text("\n".join([file.read_text(), "[authoring]", *lines, ""]))
    return root


def wish(root: Path, words: str) -> Draft:
    return Project.open(root).author(model="openai:any").update(TITLE, words)


def targets(body: Json) -> dict[str, str]:
    """The targets that a request shows, with their hashes."""
    (shown,) = re.findall(r"<<<data \w+ targets>>>\n(.*?)\n<<<end", words_of(body), re.DOTALL)
    return {t["id"]: t["hash"] for t in json.loads(shown)}


def model(scope: list[str], changes: Callable[[Mapping[str, str]], Json]) -> Script:
    """A model that picks these sections, and says these changes where their targets are shown."""

    def reply(body: Json) -> Scripted:
        names = schema_of(body)["properties"]
        extras = {"passages_used": [], "open_questions": []}
        if "sections" in names:
            entries = [{"section": name, "change": "As wished."} for name in scope]
            return data({"reason": "It is wished.", "sections": entries, **extras})
        wanted = changes(targets(body))
        return data({**{name: wanted.get(name, []) for name in names}, **extras})

    return reply


def replace_criterion(hashes: Mapping[str, str]) -> Json:
    values = ["Three options were compared."]
    change = {"action": "replace", "target": "S7.items[1]", "expect": hashes.get("S7.items[1]", ""), "values": values}
    return {"validation_and_acceptance_criteria_changes": [change]}


def test_a_model_changes_one_item_and_nothing_else(root: Path) -> None:
    raw = REVIEW.encode().replace(b"\n", b"\r\n")
    (root / FILE).write_bytes(raw)
    with Loopback(model(["S7"], replace_criterion)) as server:
        point(root, server)
        before = snapshot(root)
        told = run_json("-C", root, "update", TITLE, "three options, not two", "--model", "openai:any")
        assert snapshot(root) == before
        assert told["outcome"] == "Awaiting review"
        assert told["usage"]["calls"] == 2
        assert len(server.requests) == 2
    found = Project.open(root).draft()
    assert found.diff().count("@@ -") == 1
    found.accept()
    assert (root / FILE).read_bytes() == raw.replace(b"Two options", b"Three options")


def test_a_secret_in_the_document_stays_there_and_does_not_travel(root: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    raw = b"\xef\xbb\xbf" + REVIEW.replace("Two options", f"With `{token}` two opt\u200bions", 1).encode()
    (root / FILE).write_bytes(raw)

    def add(hashes: Mapping[str, str]) -> Json:
        target = "S7.items[1]"
        change = {
            "action": "insert_after",
            "target": target,
            "expect": hashes.get(target, ""),
            "values": ["Costs fit."],
        }
        return {"validation_and_acceptance_criteria_changes": [change]}

    with Loopback(model(["S7"], add)) as server:
        found = wish(point(root, server), "the costs are known")
    assert len(server.requests) == 2
    for words in map(words_of, server.requests):
        assert token not in words
        assert "\u200b" not in words
    assert "With `[redacted: " in words_of(server.requests[1])
    found.accept()
    assert (root / FILE).read_bytes().replace(b"- Costs fit.\n", b"") == raw


def test_a_wish_that_is_fulfilled_costs_one_call_and_writes_nothing(root: Path) -> None:
    with Loopback(model([], replace_criterion)) as server:
        point(root, server)
        before = snapshot(root)
        found = wish(root, "compare two options")
        assert len(server.requests) == 1
    assert found.outcome == "No change"
    assert found.change().edits == ()
    assert snapshot(root) == before
    project = Project.open(root)
    assert project.drafts.all() == []
    with pytest.raises(ProcauthorError, match="no run waits"):
        project.author().resume()


def rewrite(hashes: Mapping[str, str]) -> Json:
    """Everything anew, whatever it is."""
    return {
        name: [
            {"action": "replace", "target": target, "expect": known, "values": ["Rewritten."]}
            for target, known in hashes.items()
        ]
        for name in ("text_changes", "item_changes", "trigger_changes", "validation_and_acceptance_criteria_changes")
    }


@pytest.mark.parametrize(
    "script",
    [
        model(["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"], rewrite),
        model(["S7"], rewrite),
        model(["S7"], lambda _: replace_criterion({"S7.items[1]": "00000000"})),
        lambda body: data({"text": REVIEW.upper(), "document": REVIEW}),
    ],
    ids=["all sections", "targets out of scope", "stale hashes", "a whole document"],
)
def test_a_model_that_rewrites_everything_achieves_a_refusal(root: Path, script: Script) -> None:
    with Loopback(script) as server:
        point(root, server, repairs=1)
        before = snapshot(root)
        with pytest.raises(AuthoringError) as caught:
            wish(root, "three options, not two")
        assert len(server.requests) <= 6
    assert caught.value.exit_code == 3
    assert snapshot(root) == before
    assert Project.open(root).drafts.all() == []


def test_a_later_step_sees_what_is_decided_and_was_changed_elsewhere(root: Path) -> None:
    def changes(hashes: Mapping[str, str]) -> Json:
        word = {"target": "S1.text[1]", "expect": hashes.get("S1.text[1]", ""), "old": "Choose", "new": "Pick"}
        return {"words_changes": [word]} if "S1.text[1]" in hashes else replace_criterion(hashes)

    with Loopback(model(["S1", "S7"], changes)) as server:
        point(root, server)
        wish(root, "three options")
    _, purpose, criteria = map(words_of, server.requests)
    assert '"section": "S7"' in purpose.split("elsewhere>>>")[1].split("<<<end")[0]
    assert "changed>>>" not in purpose
    assert '"section": "S1"' in criteria.split("elsewhere>>>")[1].split("<<<end")[0]
    assert '"Choose",' in criteria.split("changed>>>")[1].split("<<<end")[0]


def test_what_an_update_may_cost_is_told_before_the_first_call(root: Path) -> None:
    with Loopback(model(["S7"], replace_criterion)) as server:
        point(root, server)
        shown = run_json("-C", root, "update", TITLE, "three options", "--model", "openai:any", "--dry-run")
        assert server.requests == []
        done = run("-C", root, "update", TITLE, "three options", "--model", "openai:any")
    assert "whatever is asked again, it stops before 200,000" in done.stderr
    done = run("-C", root, "update", TITLE, "three", "--model", "openai:any", "--max-tokens", "900", "--dry-run")
    assert "more than the ceiling of 900, which --max-tokens raises" in done.stderr + done.stdout
    between = str(shown["bound"]["tokens"] - 1)
    done = run(
        "-C", root, "update", TITLE, "three options", "--model", "openai:any", "--max-tokens", between, "--dry-run"
    )
    assert "if need be unfinished: --max-tokens raises that" in done.stderr + done.stdout
    assert len(server.requests) <= shown["bound"]["calls"] <= shown["bound"]["worst_calls"]
    assert run_json("-C", root, "update", TITLE, "three options", "--dry-run")["bound"] is None


def test_too_many_sections_are_mended_by_asking_again(root: Path) -> None:
    greedy = model(["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"], replace_criterion)
    modest = model(["S7"], replace_criterion)
    told: list[Json] = []

    def reply(body: Json) -> Scripted:
        told.extend([body] if "can need at most" in words_of(body) else [])
        return (modest if told else greedy)(body)

    with Loopback(reply) as server:
        found = wish(point(root, server), "three options, not two")
    assert len(told) == 1
    assert found.outcome == "Awaiting review"
    assert found.diff().count("@@ -") == 1


def test_a_wrong_hash_is_told_and_mended(root: Path) -> None:
    told: list[Json] = []

    def changes(hashes: Mapping[str, str]) -> Json:
        return replace_criterion(hashes if told else {"S7.items[1]": "00000000"})

    inner = model(["S7"], changes)

    def reply(body: Json) -> Scripted:
        told.extend([body] if "is not what the operation expects" in words_of(body) else [])
        return inner(body)

    with Loopback(reply) as server:
        found = wish(point(root, server), "three options, not two")
    assert len(told) == 1
    assert "+- Three options" in found.diff()


def test_an_update_that_was_stopped_is_resumed_without_paying_twice(root: Path) -> None:
    ill = True
    good = model(["S7"], replace_criterion)

    def reply(body: Json) -> Scripted:
        return failure(500) if ill and "sections" not in schema_of(body)["properties"] else good(body)

    with Loopback(reply) as server:
        point(root, server)
        with pytest.raises(AuthoringError) as caught:
            wish(root, "three options")
        assert "procauthor resume" in caught.value.hint
        ill = False
        found = Project.open(root).author().resume()
        asked = ["sections" in schema_of(body)["properties"] for body in server.requests]
    assert asked == [True, False, False]
    assert "+- Three options" in found.diff()


def test_a_new_error_goes_back_to_the_model(root: Path) -> None:
    told: list[Json] = []

    def changes(hashes: Mapping[str, str]) -> Json:
        artifact = "Component Diagram" if told else "Unknown Thing"
        value = {"artifact": artifact, "source": "Step 1"}
        change = {"action": "append", "target": "S5.3.inputs", "expect": hashes["S5.3.inputs"], "values": [value]}
        return {"workflow_inputs_changes": [change]}

    inner = model(["S5.3"], changes)

    def reply(body: Json) -> Scripted:
        told.extend([body] if "Write these fields again" in words_of(body) else [])
        return inner(body)

    with Loopback(reply) as server:
        found = wish(point(root, server), "publish the diagram too")
    assert len(told) == 1
    assert found.outcome == "Awaiting review"
    assert "+- Component Diagram (From: Step 1)" in found.diff()


# Offline


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("add exit state Deferred: the board decides next quarter", "- **Deferred**: the board decides next quarter"),
        ("replace 'Two options' with 'Three options'", "- Three options were compared."),
        ("add input Threat List from Threat Check Procedure", "- **Threat List**: as its provider guarantees it"),
        ("add input Budget: what may be spent.", "- **Budget**: what may be spent"),
        ("add trigger: a board member asks", "- A board member asks."),
        ("set phase to 2", "phase: 2"),
    ],
)
def test_the_offline_author_writes_the_words_of_the_wish(root: Path, words: str, line: str) -> None:
    found = Project.open(root).author().update(FILE, words)
    added = [text[1:] for text in found.diff().splitlines() if text.startswith("+") and not text.startswith("+++")]
    assert len([text for text in added if text.startswith(line)]) == 1


def offline(root: Path, words: str, ref: str = TITLE) -> Draft:
    return Project.open(root).author().update(ref, words)


def test_a_wish_is_fulfilled_only_once(root: Path) -> None:
    words = "add exit state Deferred: the board decides next quarter"
    found = run_json("-C", root, "update", TITLE, words, "--accept")
    sidecar = {"path": f"provenance/{FILE}.json", "action": "create"}
    assert (found["outcome"], found["changes"]) == ("Updated", [{"path": FILE, "action": "update"}, sidecar])
    assert offline(root, words).outcome == "No change"


def test_removing_takes_the_item_and_no_more(root: Path) -> None:
    blocked = "- **Blocked**: The board has not decided; the requester is told.\n"
    other = "- **Deferred**: The board decides next quarter.\n"
    (root / FILE).write_text(REVIEW.replace(blocked, blocked + other))
    offline(root, "remove exit state Deferred").accept()
    assert (root / FILE).read_text() == REVIEW


def test_a_step_is_inserted_and_what_is_open_is_said(root: Path) -> None:
    found = offline(root, "add step Weigh the options after step 1: weigh each; note the result")
    assert "1. Weigh each." in found.diff()
    assert "Weigh the options" in found.open_questions[0]
    assert found.findings == ()


def test_a_step_at_the_end_makes_nothing_that_nobody_uses(root: Path) -> None:
    found = offline(root, "add step Tell the readers after step 3: tell each team")
    assert "1. Tell each team." in found.diff()
    assert found.findings == ()


def test_an_orchestration_gets_a_call(root: Path) -> None:
    page = root / "feature/feature-orchestration.md"
    page.write_text(
        "---\nid: feature-orchestration\nlifecycle: Feature\nstatus: In progress\n---\n\n# Feature Orchestration\n\n"
        "## 4. Phases\n\n### Phase 2: All\n\n**Calls:**\n\n| Order | Procedure | Status |\n|---|---|---|\n"
        "| 1 | [Design Review Procedure](design-review.md) | Defined |\n"
    )
    found = offline(root, "add a call of Threat Check Procedure to Phase 2", "Feature Orchestration")
    assert found.outcome == "Awaiting review"
    found.accept()
    assert "| 2 | [Threat Check Procedure](threat-check.md) | Placeholder |\n" in page.read_text()
    assert (
        offline(root, "add a call of Threat Check Procedure to Phase 2", f"feature/{page.name}").outcome == "No change"
    )


@pytest.mark.parametrize(
    ("ref", "words", "said"),
    [
        (TITLE, "make it nicer", "does not understand this wish"),
        (TITLE, "add input Cheese from Moon Procedure", "no procedure 'Moon Procedure'"),
        (TITLE, "replace 'never said' with 'nor this'", "is in no paragraph"),
        (TITLE, "remove step 1", "fewer than 3 steps"),
        (TITLE, "remove step 9", "has no step 9"),
        (TITLE, " ", "the wish is empty"),
        ("Moon Procedure", "add trigger: x", "no document has"),
        ("Threat Check Procedure", "add trigger: x", "is a placeholder"),
        ("index.md", "add trigger: x", "kind index"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_leaves_no_trace(root: Path, ref: str, words: str, said: str) -> None:
    before = snapshot(root)
    with pytest.raises(ProcauthorError, match=said) as caught:
        offline(root, words, ref)
    assert caught.value.exit_code == 2
    assert snapshot(root) == before
    assert Project.open(root).drafts.all() == []
    assert Project.open(root).runs.names() == []


def test_the_command_line_says_what_offline_understands(root: Path) -> None:
    done = run("-C", root, "update", TITLE, "make it nicer", code=2)
    assert "a model (--model provider:name) or a person is needed" in done.stderr
    assert "add a call of PROCEDURE to Phase N" in done.stderr


def test_a_dry_run_lists_the_targets_and_the_schema_of_operations(root: Path) -> None:
    found = run_json("-C", root, "update", TITLE, "add trigger: x", "--dry-run")
    assert {"id": "S7.items[1]", "kind": "item"}.items() <= found["targets"][
        [t["id"] for t in found["targets"]].index("S7.items[1]")
    ].items()
    entry: dict[str, Any] = found["schema"]["properties"]["trigger_changes"]["items"]
    assert entry["required"] == ["action", "target", "expect", "values"]


# Changes that a person or an agent writes


def test_the_words_of_a_target_can_be_handed_back_and_change_nothing(root: Path) -> None:
    file, words = root / FILE, "three options, not two"
    line = "- Two `options` of the [Threat Check Procedure](threat-check.md) were *compared*, see [this](https://example.org/a)."
    text = file.read_text()
    old = next(each for each in text.split("## 7.")[1].splitlines() if each.startswith("- "))
    file.write_text(text.replace(old, line))
    shown = run_json("-C", root, "update", TITLE, words, "--dry-run")
    (own,) = (t["text"] for t in shown["targets"] if t["id"] == "S7.items[1]")
    assert own == "Two `options` of the Threat Check Procedure were *compared*, see [this](https://example.org/a)."
    before = file.read_bytes()
    answer = root.parent / "answer.json"
    answer.write_text(json.dumps(handed_in(root, words, "S7.items[1]", own)))
    run("-C", root, "update", TITLE, words, "--answer", answer, "--accept")
    assert file.read_bytes() == before


def handed_in(root: Path, words: str, name: str, value: object, action: str = "replace") -> Json:
    """An answer with one operation, made as its writer would: from what the dry run says."""
    shown = run_json("-C", root, "update", TITLE, words, "--dry-run")
    hashes = {t["id"]: t["hash"] for t in shown["targets"]}
    (field,) = (key for key in shown["schema"]["properties"] if key == "validation_and_acceptance_criteria_changes")
    return {field: [{"action": action, "target": name, "expect": hashes[name], "values": [value]}]}


def test_changes_written_by_hand_leave_every_other_byte(root: Path) -> None:
    raw = REVIEW.replace("\n", "\r\n").encode()
    (root / FILE).write_bytes(raw)
    words = "three options, not two"
    file = root.parent / "answer.json"
    file.write_text(json.dumps(handed_in(root, words, "S7.items[1]", "Three options were compared.")))
    told = run_json("-C", root, "update", TITLE, words, "--answer", file, "--by", "A. Person", "--accept")
    assert (told["outcome"], told["author"]) == ("Updated", "A. Person")
    assert (root / FILE).read_bytes() == raw.replace(b"Two options", b"Three options")
    run("-C", root, "undo")
    assert (root / FILE).read_bytes() == raw


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda answer: {}, "the answer names no change"),
        (lambda answer: {"purpose": "All new."}, "has no field 'purpose'"),
        (lambda answer: json.loads(json.dumps(answer).replace("S7.items[1]", "S7.items[9]")), "not in the closed list"),
        (
            lambda answer: json.loads(json.dumps(answer).replace('"expect": "', '"expect": "0')),
            "is not what the operation expects",
        ),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_leaves_no_trace(
    root: Path, change: Callable[[Json], Json], said: str
) -> None:
    answer = change(handed_in(root, "three options", "S7.items[1]", "Three options were compared."))
    before = snapshot(root)
    file = root.parent / "answer.json"
    file.write_text(json.dumps(answer))
    done = run("-C", root, "update", TITLE, "three options", "--answer", file, code=2)
    assert said in done.stderr
    assert snapshot(root) == before
    assert Project.open(root).drafts.all() == []
