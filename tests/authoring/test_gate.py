"""While a server has too many requests, it is left alone."""

import threading
import time
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.authoring.allowance import Gate, Patience
from tests.batch import CALLS, good, write_batch_library
from tests.conftest import snapshot
from tests.loopback import Json, Loopback, Scripted, failure


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")


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
