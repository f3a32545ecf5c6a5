"""Runs last through kills, cost what they say, and can be listed and deleted."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.authoring.graph import Progress
from procauthor.errors import DraftError
from tests.cli.test_commands import CLI, run, run_json
from tests.cli.test_create_with_a_model import TITLE, TITLES, draft_with, good, hook, point
from tests.cli.test_create_with_a_model import key as key  # noqa: PLC0414 - a fixture
from tests.loopback import Json, Loopback, Scripted, answer_schema, data, schema_of


@pytest.fixture
def waiting(root: Path) -> Iterator[tuple[Path, Loopback]]:
    """A library in which a model has drafted, and the draft waits."""
    with Loopback(good) as server:
        draft_with(point(root, server))
        yield root, server


def calls(root: Path) -> int:
    return sum(file.read_bytes().count(b'"text"') for file in root.glob(".procauthor/runs/*/calls.jsonl"))


def killed(root: Path, words: tuple[str, ...], when: int) -> None:
    """Run a command, and kill it without a chance to clean up once so many calls are on disk."""
    child = subprocess.Popen(
        [*CLI, "-C", str(root), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
    )
    end = time.monotonic() + 60
    while calls(root) < when and child.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert calls(root) >= when


def test_a_run_that_is_killed_again_and_again_ends_the_same_and_repeats_no_call(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def slowly(body: Json) -> Scripted:
        return Scripted(body=good(body).body, delay=0.15)

    with Loopback(slowly) as server:
        point(root, server)
        killed(root, ("create", TITLE, "--model", "openai:any"), 1)
        for when in (2, 3, 4, 5) if os.environ.get("PROCAUTHOR_LONG_TESTS") else (4,):
            killed(root, ("resume",), when)
        found = Project.open(root).author().resume()
        asked = [json.dumps(body["messages"]) for body in server.requests]
    logged = [line for line in (root / ".procauthor/runs/threat-check-1/calls.jsonl").read_text().splitlines() if line]
    # The last two are made at the same time, and either may be answered first.
    assert sorted(json.loads(line)["step"] for line in logged) == [1, 2, 3, 5, 6], asked
    assert found.usage.calls == 5
    # A request that was on its way when the program was killed has no answer on disk, and is the only one made again.
    assert len(set(asked)) == 5
    assert len(asked) <= 5 + 5
    text = Project.open(root).drafts.get().text
    with Loopback(good) as server:
        other = point(write(tmp_path_factory.mktemp("other")), server)
        assert draft_with(other).draft.text == text


def write(folder: Path) -> Path:
    from tests.conftest import write_library

    return write_library(folder)


def test_the_usage_is_told_by_step_and_adds_up(waiting: tuple[Path, Loopback]) -> None:
    root, _ = waiting
    shown = run_json("-C", root, "runs", "show", "threat-check-1")
    assert [row["step"] for row in shown["usage_by_step"]] == [1, 2, 3, 5, 6]
    assert shown["usage_by_step"][0]["fields"] == ["purpose"]
    assert sum(row["input_tokens"] for row in shown["usage_by_step"]) == shown["usage"]["input_tokens"] == 50_000
    assert shown["state"] == "draft waits"
    assert "step 3: workflow: 1 calls, 10000 tokens in" in run("-C", root, "runs", "show", "threat-check-1").stdout
    assert "draft waits  5 calls, 55000 tokens" in run("-C", root, "runs").stdout


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
    assert draft.usage.calls == paid == 6
    assert draft.outcome == "Awaiting review"


def test_to_create_again_after_reject_costs_nothing_unless_it_is_asked_for(waiting: tuple[Path, Loopback]) -> None:
    root, server = waiting
    first = Project.open(root).draft()
    first.reject()
    again = Project.open(root).author(model="openai:any").create(TITLE)
    assert len(server.requests) == 5
    assert again.text == first.text
    assert (again.usage.calls, again.reused) == (0, 5)
    again.reject()
    fresh = Project.open(root).author(model="openai:any", fresh=True).create(TITLE)
    assert (fresh.usage.calls, len(server.requests)) == (5, 10)


def test_replies_of_another_model_or_of_a_changed_library_are_not_reused(waiting: tuple[Path, Loopback]) -> None:
    root, server = waiting
    Project.open(root).draft().reject()
    Project.open(root).author(model="openai:other").create(TITLE).reject()
    assert len(server.requests) == 10
    plan = root / "action-plan.md"
    plan.write_text(plan.read_text().replace("Define mitigation planning", "Define mitigation tracking"))
    Project.open(root).author(model="openai:any").create(TITLE)
    assert len(server.requests) == 15


def test_a_damaged_reply_is_paid_again(waiting: tuple[Path, Loopback]) -> None:
    root, server = waiting
    Project.open(root).draft().reject()
    for file in (root / ".procauthor/replies").iterdir():
        file.write_text('{"text": ')
    Project.open(root).author(model="openai:any").create(TITLE)
    assert len(server.requests) == 10


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
    assert (bound["calls"], usage.calls) == (5, 5)
    assert usage.tokens <= bound["tokens"] <= bound["worst_tokens"]
    assert bound["most"] <= bound["ceiling"] == 200_000
    assert "5 calls and at most" in told[0].note
    assert told[1].name == "Identify purpose and boundaries"


def test_a_dry_run_says_what_would_be_sent_and_needs_no_key(root: Path) -> None:
    done = run("-C", root, "create", TITLE, "--model", "openai:any", "--dry-run", OPENAI_API_KEY="")
    assert "passage P1: feature/design-review.md" in done.stdout
    assert "budget for openai:any: 5 calls" in done.stdout
    assert not (root / ".procauthor/runs").exists()
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
    # The name is free again, and an old checkpoint must not answer for the new run.
    before = len(server.requests)
    found = project.author(model="openai:any", fresh=True).create(TITLE)
    assert (found.id, len(server.requests) - before) == ("threat-check-1", 5)


def test_the_commands_of_runs(root: Path) -> None:
    assert "there is no run" in run("-C", root, "runs").stderr
    assert "no run 'x'" in run("-C", root, "runs", "show", "x", code=2).stderr
    assert "--keep" in run("-C", root, "runs", "prune", code=2).stderr
    assert run_json("-C", root, "runs", "prune", "--keep", "3") == {"schema_version": 1, "deleted": []}
