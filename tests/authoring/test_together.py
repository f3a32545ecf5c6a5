"""Sections that do not rest on each other are written at the same time, and nothing else changes by it."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.authoring.allowance import Gate, Patience
from procauthor.authoring.waiting import WaitingDraft
from procauthor.errors import ModelError
from tests.batch import CALLS, good, write_batch_library
from tests.conftest import snapshot
from tests.loopback import Json, Loopback, Scripted, answers, failure, procedure_hook, schema_of

TITLE = "Threat Check Procedure"
usual = answers((), procedure_hook)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")


def asks_for(body: Json, field: str) -> bool:
    return field in schema_of(body)["properties"]


def draft(root: Path, server: Loopback, max_tokens: int | None = None, **settings: object) -> WaitingDraft:
    file = root / "procauthor.toml"
    begin = file.read_text().split("[authoring]")[0]
    told = {"base_url": server.url, "retries": 0} | settings
    file.write_text(
        begin + "\n".join(["[authoring]", *(f"{name} = {json.dumps(value)}" for name, value in told.items()), ""])
    )
    return Project.open(root).author("openai:any", max_tokens=max_tokens, fresh=True).create(TITLE)


def meeting(field_of_both: tuple[str, str]) -> Callable[[Json], Scripted]:
    """Answer two requests only when both are there."""
    both = threading.Barrier(2, timeout=20)

    def reply(body: Json) -> Scripted:
        if any(asks_for(body, field) for field in field_of_both):
            both.wait()
        return usual(body)

    return reply


def late(field: str) -> Callable[[Json], Scripted]:
    return lambda body: Scripted(body=usual(body).body, delay=0.3 if asks_for(body, field) else 0.0)


def test_what_the_steps_do_and_the_rest_are_asked_for_at_the_same_time(root: Path) -> None:
    with Loopback(meeting(("workflow_actions", "definition_of_done"))) as server:
        found = draft(root, server)
    assert found.draft.outcome == "Awaiting review"
    assert len(server.requests) == found.draft.usage.calls == 4
    assert [row["step"] for row in found.draft.usage_by_step] == [3, 5, 6, 8]


def test_whoever_ends_first_the_draft_is_the_same(root: Path) -> None:
    drafts = []
    for field in ("workflow_actions", "definition_of_done"):
        with Loopback(late(field)) as server:
            drafts.append(draft(root, server).draft.as_json())
    one, other = ({key: value for key, value in each.items() if key != "id"} for each in drafts)
    assert one == other


def test_where_one_fails_the_other_is_kept_and_not_paid_again(root: Path) -> None:
    ill = threading.Event()

    def reply(body: Json) -> Scripted:
        if asks_for(body, "workflow_actions") and not ill.is_set():
            return failure(500)
        return usual(body)

    with Loopback(reply) as server:
        with pytest.raises(ModelError):
            draft(root, server)
        ill.set()
        paid = len(server.requests)
        assert paid == 3
        found = Project.open(root).author("openai:any").resume()
        again, look = server.requests[paid:]
    assert asks_for(again, "workflow_actions")
    assert asks_for(look, "edits")
    assert found.draft.outcome == "Awaiting review"
    assert found.draft.usage.calls == 4


def test_both_together_keep_to_the_ceiling(root: Path) -> None:
    """There is room for the reply of one call at a time."""
    lock, now, most = threading.Lock(), 0, 0

    def reply(body: Json) -> Scripted:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return usual(body)

    with Loopback(reply) as server:
        free = draft(root, server, reply_tokens=30_000)
        assert most == 2
        most = 0
        found = draft(root, server, reply_tokens=30_000, max_tokens=free.draft.usage.tokens + 30_000)
    assert found.draft.outcome == "Awaiting review"
    assert most == 1


# Too many requests


def test_a_busy_server_is_left_alone_by_all_calls_of_a_batch(tmp_path: Path) -> None:
    arrived: list[float] = []
    lock = threading.Lock()
    refused: list[float] = []

    def reply(body: Json) -> Scripted:
        with lock:
            arrived.append(time.monotonic())
            if not refused and len(arrived) > 4:
                refused.append(time.monotonic())
                return failure(429, "slow down", retry_after="1")
        return Scripted(body=good(body).body, delay=0.05)

    with Loopback(reply) as server:
        root = write_batch_library(tmp_path / "library", [[], [], [], []], server.url, retries=2)
        report = Project.open(root).batch("openai:any", jobs=4).run()
    assert [written.item.state for written in report.items] == ["drafted"] * 4
    assert len(arrived) == 4 * CALLS + 1
    # Those that were on their way when the server said so may still come.
    assert [each - refused[0] for each in arrived if refused[0] + 0.3 < each < refused[0] + 0.99] == []
    assert (root / "action-plan.md").read_bytes() == snapshot(root)["action-plan.md"]


def test_a_gate_holds_back_until_the_last_time_that_was_asked_for() -> None:
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        time.sleep(seconds)

    gate = Gate(sleep)
    gate.pass_through()
    assert waited == []
    patience = Patience(3, gate=gate, sleep=lambda _: None)
    assert patience.wait(0, 0.2, everybody=True)
    assert patience.wait(0, 0.05, everybody=True)
    started = time.monotonic()
    gate.pass_through()
    assert time.monotonic() - started >= 0.19
