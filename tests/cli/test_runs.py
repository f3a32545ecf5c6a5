"""Runs last through kills, cost what they say, and can be listed and deleted."""

import hashlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.authoring.pipeline import Progress
from procauthor.errors import DraftError, ModelError
from procauthor.library.state import database
from tests.batch import CALLS
from tests.cli.inside import run, run_json
from tests.cli.test_commands import CLI
from tests.cli.test_create_with_a_model import TITLE, TITLES, draft_with, good, hook, point
from tests.cli.test_create_with_a_model import key as key  # noqa: PLC0414 - a fixture
from tests.loopback import Json, Loopback, Scripted, answer_schema, data, failure, schema_of, words_of

PROMPTS = Path(__file__).parents[2] / "prompts"
STEPS = [3, 5, 8]
"""The outline, the page, and the last look."""


@pytest.fixture
def waiting(root: Path) -> Iterator[tuple[Path, Loopback]]:
    """A library in which a model has drafted, and the draft waits."""
    with Loopback(good) as server:
        draft_with(point(root, server))
        yield root, server


def test_a_kill_where_a_reply_is_first_used_costs_only_what_was_on_its_way(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A request shows that the reply before it was used; at that moment the command is killed."""
    fatal = {2, 3, 5} if os.environ.get("PROCAUTHOR_LONG_TESTS") else {3}
    children: list[subprocess.Popen[bytes]] = []
    count = 0

    def reply(body: Json) -> Scripted:
        nonlocal count
        count += 1
        if count in fatal:
            children[-1].kill()
            children[-1].wait()
        return good(body)

    with Loopback(reply) as server:
        point(root, server)
        words = ["create", TITLE, "--model", "openai:any"]
        for _ in fatal:
            children.append(
                subprocess.Popen([*CLI, "-C", str(root), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            children[-1].wait()
            words = ["resume"]
        found = Project.open(root).author().resume()
        asked = [json.dumps(body["messages"]) for body in server.requests]
    assert [row["step"] for row in found.usage_by_step] == STEPS
    assert found.usage.calls == len(set(asked)) == CALLS
    assert len(asked) <= CALLS + len(fatal)
    with Loopback(good) as server:
        other = point(write(tmp_path_factory.mktemp("other")), server)
        assert draft_with(other).text == found.text


def echoing(body: Json) -> Scripted:
    """Answer with a purpose that depends on every word of the request."""
    value = answer_schema(schema_of(body), TITLES, hook)
    if "purpose" in value:
        value["purpose"] = f"Find threats. Seen: {hashlib.sha256(words_of(body).encode()).hexdigest()[:12]}."
    return data(value)


def change_prompt(name: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        place = root / f"prompts/{name}/ask.md.j2"
        place.parent.mkdir(parents=True)
        place.write_text((PROMPTS / f"{name}/ask.md.j2").read_text() + "\nBe brief.\n")

    return change


def change_template(root: Path) -> None:
    place = root / "templates/procedure.md"
    place.parent.mkdir(parents=True)
    text = (PROMPTS.parent / "templates/procedure.md").read_text()
    place.write_text(text.replace("<!--", "<!-- Say it in plain words. ", 1))


@pytest.mark.parametrize(
    ("change", "paid"),
    [(change_prompt("outline"), CALLS), (change_prompt("write"), CALLS - 1), (change_template, CALLS)],
    ids=["all rests on the prompt", "the look rests on it", "template"],
)
def test_what_changed_before_a_run_goes_on_gives_the_document_of_a_new_run(
    root: Path, tmp_path: Path, change: Callable[[Path], None], paid: int
) -> None:
    ill = True

    def reply(body: Json) -> Scripted:
        return failure(500) if ill and "workflow_actions" in schema_of(body)["properties"] else echoing(body)

    with Loopback(reply) as server:
        point(root, server)
        with pytest.raises(ModelError):
            draft_with(root)
        ill = False
        change(root)
        found = Project.open(root).author().resume()
        resumed = len(server.requests) - 2
        other = point(write(tmp_path / "other"), server)
        change(other)
        fresh = draft_with(other)
    assert found.text == fresh.text
    assert found.template_hash == fresh.template_hash
    # What is asked in other words is paid once more, and nothing else.
    assert resumed == paid
    assert found.usage.calls == 1 + resumed


def test_two_that_opened_one_library_see_the_runs_of_each_other(root: Path) -> None:
    first, second = Project.open(root), Project.open(root)
    first.author().create(TITLE)
    second.author().create("Release Check Procedure")
    assert first.runs.names() == second.runs.names() == ["threat-check-1", "release-check-1"]
    assert {row["state"] for row in run_json("-C", root, "runs")["runs"]} == {"draft waits"}


def write(folder: Path) -> Path:
    from tests.conftest import write_library

    return write_library(folder)


def test_the_usage_is_told_by_step_and_adds_up(waiting: tuple[Path, Loopback]) -> None:
    root, _ = waiting
    shown = run_json("-C", root, "runs", "show", "threat-check-1")
    assert [row["step"] for row in shown["usage_by_step"]] == STEPS
    assert shown["usage_by_step"][-1]["fields"] == ["edits", "settled"]
    assert sum(row["input_tokens"] for row in shown["usage_by_step"]) == shown["usage"]["input_tokens"] == 30_000
    assert shown["state"] == "draft waits"
    assert run_json("-C", root, "runs", "show") == shown
    assert (
        "step 5: at_a_glance, plan_requirement, workflow_actions, workflow_failure_handling, "
        in run("-C", root, "runs", "show", "threat-check-1").stdout
    )
    assert "draft waits  3 calls, 33000 tokens" in run("-C", root, "runs").stdout


def test_a_run_says_what_became_of_it(root: Path) -> None:
    def states() -> dict[str, str]:
        return {each["run"]: each["state"] for each in run_json("-C", root, "runs")["runs"]}

    run("-C", root, "brief", "Threat Check Procedure")
    run("-C", root, "create", "Release Check Procedure")
    assert states() == {"threat-check-1": "waits for an answer", "release-check-1": "draft waits"}
    run("-C", root, "accept", "release-check-1")
    assert states()["release-check-1"] == "accepted"
    run("-C", root, "create", "Other Check Procedure", "--lifecycle", "Feature")
    run("-C", root, "reject", "other-check-1")
    assert states()["other-check-1"] == "ended"


def test_what_a_step_paid_before_it_was_stopped_is_counted(root: Path) -> None:
    ill = True

    def reply(body: Json) -> Scripted:
        names = schema_of(body)["properties"]
        if "required_inputs" in names and ill:
            if "trigger" not in names:
                return Scripted(status=400, body={"error": {"message": "no such model"}})
            value = answer_schema(schema_of(body), TITLES, hook)
            del value["required_inputs"]
            return data(value)
        return good(body)

    with Loopback(reply) as server:
        point(root, server)
        with pytest.raises(Exception, match="no such model"):
            draft_with(root)
        ill = False
        draft = Project.open(root).author().resume()
        paid = len(server.requests) - 1
    assert draft.usage.calls == paid == CALLS + 1
    assert draft.outcome == "Awaiting review"


def test_to_create_again_after_reject_costs_nothing_unless_it_is_asked_for(waiting: tuple[Path, Loopback]) -> None:
    root, server = waiting
    first = Project.open(root).draft()
    first.reject()
    again = Project.open(root).author(model="openai:any").create(TITLE)
    assert len(server.requests) == CALLS
    assert again.text == first.text
    assert (again.usage.calls, again.reused) == (0, CALLS)
    again.reject()
    fresh = Project.open(root).author(model="openai:any", fresh=True).create(TITLE)
    assert (fresh.usage.calls, len(server.requests)) == (CALLS, 2 * CALLS)


def test_replies_of_another_model_or_of_a_changed_library_are_not_reused(waiting: tuple[Path, Loopback]) -> None:
    root, server = waiting
    Project.open(root).draft().reject()
    Project.open(root).author(model="openai:other").create(TITLE).reject()
    assert len(server.requests) == 2 * CALLS
    plan = root / "action-plan.md"
    plan.write_text(plan.read_text().replace("Define mitigation planning", "Define mitigation tracking"))
    Project.open(root).author(model="openai:any").create(TITLE)
    assert len(server.requests) == 3 * CALLS


def damage(file: Path, how: str) -> None:
    if how == "no database":
        file.write_bytes(b"\x00 this is no database" * 100)
    elif how == "torn":
        raw = bytearray(file.read_bytes())
        raw[200:-200] = b"\xff" * (len(raw) - 400)
        file.write_bytes(bytes(raw))
    else:
        file.unlink()
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("create table something (else_ text)")


@pytest.mark.parametrize("how", ["no database", "torn", "of another program"])
def test_a_damaged_memory_is_named_and_set_aside_and_blocks_nothing(waiting: tuple[Path, Loopback], how: str) -> None:
    root, server = waiting
    with closing(sqlite3.connect(database(root / ".procauthor/work.db"))) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    damage(database(root / ".procauthor/work.db"), how)
    assert run_json("-C", root, "check")["summary"]["errors"] == 0
    done = run("-C", root, "runs")
    assert "work.db was damaged" in done.stderr
    assert ".db.damaged-1" in done.stderr
    assert list(root.glob(".procauthor/work.*.db.damaged-1"))
    # The draft waits still, and its name is not given to another run.
    assert Project.open(root).author(model="openai:any").create(TITLE).id == "threat-check-2"
    assert len(server.requests) == 2 * CALLS
    run("-C", root, "accept", "threat-check-1")
    assert "damaged" not in run("-C", root, "runs").stderr


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("update job set terms = '{}'", "run 'threat-check-1' cannot be read from work.db"),
        ("update job set terms = '[', kind = 'batch'", "batch 'threat-check-1' cannot be read from work.db"),
    ],
)
def test_a_row_that_another_hand_changed_is_said_and_does_not_block_the_draft(
    root: Path, change: str, what: str
) -> None:
    Project.open(root).author().create(TITLE)
    with closing(sqlite3.connect(database(root / ".procauthor/work.db"))) as connection, connection:
        connection.execute(change)
    done = run("-C", root, "runs", code=3)
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert Project.open(root).draft().accept().edits


def test_a_memory_of_a_newer_version_is_left_alone(root: Path) -> None:
    Project.open(root).author().create(TITLE)
    with closing(sqlite3.connect(database(root / ".procauthor/work.db"))) as connection:
        connection.execute("pragma user_version = 99")
    assert "newer version" in run("-C", root, "runs", code=3).stderr
    assert not list(root.glob(".procauthor/*damaged*"))


def test_the_bound_is_told_before_the_first_call_and_holds(root: Path) -> None:
    def uncounted(body: Json) -> Scripted:
        return data(answer_schema(schema_of(body), TITLES, hook), usage=False)

    with Loopback(uncounted) as server:
        point(root, server)
        told: list[Progress] = []
        author = Project.open(root).author(model="openai:any", progress=told.append)
        found = author.bound(author.brief(TITLE))
        assert found is not None
        assert server.requests == []
        usage = author.create(TITLE).usage
    bound = found.as_json()
    # The second look is made only where the first changed something.
    assert (bound["calls"], usage.calls) == (CALLS + 1, CALLS)
    assert usage.tokens <= bound["tokens"] <= bound["worst_tokens"]
    assert bound["most"] <= bound["ceiling"] == 200_000
    assert f"{CALLS + 1} calls and about {bound['usual_tokens']:,} tokens, at most {bound['tokens']:,}" in told[0].note
    assert told[1].name == "Identify purpose and boundaries"


def test_a_dry_run_says_what_would_be_sent_and_needs_no_key(root: Path) -> None:
    done = run("-C", root, "create", TITLE, "--model", "openai:any", "--dry-run", OPENAI_API_KEY="")
    assert "passage P1: feature/design-review.md" in done.stdout
    assert "budget for openai:any: 4 calls" in done.stdout
    assert not list(root.glob(".procauthor/work.*db"))
    assert Project.open(root).author().bound(Project.open(root).author().brief(TITLE)) is None


def test_prune_keeps_what_waits_and_what_can_be_resumed(waiting: tuple[Path, Loopback]) -> None:
    root, server = waiting
    project = Project.open(root)
    project.draft().reject()
    project.author(model="openai:any").create(TITLE)
    with pytest.raises(Exception, match="tokens"):
        project.author(model="openai:any", max_tokens=10, fresh=True).create(TITLE)
    assert project.runs.names() == ["threat-check-1", "threat-check-2", "threat-check-3"]
    assert project.prune_runs(keep=1) == []
    assert project.prune_runs(older=1) == []
    assert project.prune_runs(keep=0) == ["threat-check-1"]
    with pytest.raises(DraftError):
        project.runs.get("threat-check-1")
    # The name is free again, and an old reply must not answer for the new run.
    before = len(server.requests)
    found = project.author(model="openai:any", fresh=True).create(TITLE)
    assert (found.id, len(server.requests) - before) == ("threat-check-1", CALLS)


def test_the_commands_of_runs(root: Path) -> None:
    assert "there is no run" in run("-C", root, "runs").stderr
    assert "no run 'x'" in run("-C", root, "runs", "show", "x", code=2).stderr
    assert "there is no run" in run("-C", root, "runs", "show", code=2).stderr
    assert "--keep" in run("-C", root, "runs", "prune", code=2).stderr
    assert run_json("-C", root, "runs", "prune", "--keep", "3") == {"schema_version": 1, "deleted": []}
