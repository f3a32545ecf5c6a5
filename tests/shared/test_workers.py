"""Several workers on one batch in a real Postgres, killed at bad moments."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.project.batch.value import BatchReport
from tests.batch import CALLS, good
from tests.cli.test_commands import CLI
from tests.conftest import snapshot
from tests.loopback import Json, Loopback, Scripted
from tests.postgres import Server
from tests.shared.conftest import LEASE, rows, write

MODEL = "openai:any"
TREE = [[], [0], [0], [], [1, 2], []]


def states(report: BatchReport) -> list[str]:
    return [written.item.state for written in report.items]


def without_address(root: Path) -> dict[str, bytes]:
    return {path: raw for path, raw in snapshot(root).items() if path != "procauthor.toml"}


def child(root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*CLI, "-C", str(root), "run", *words], stdout=-1, stderr=-1, text=True)


class Aside:
    """A worker in a thread of this process."""

    def __init__(self, work: Callable[[], BatchReport]) -> None:
        self.found: list[BatchReport | BaseException] = []
        self.thread = threading.Thread(target=self.run, args=(work,), daemon=True)
        self.thread.start()

    def run(self, work: Callable[[], BatchReport]) -> None:
        try:
            self.found.append(work())
        except BaseException as error:
            self.found.append(error)

    def wait(self) -> BatchReport:
        self.thread.join(90)
        (found,) = self.found
        if isinstance(found, BaseException):
            raise found
        return found


class Gated:
    """Answers well and slowly, and nothing before the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def __call__(self, body: Json) -> Scripted:
        assert self.gate.wait(60)
        return Scripted(body=good(body).body, delay=0.1)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(scope="module")
def calm(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], Counter[str]]:
    """What one worker makes of the plan that nobody disturbs, in a schema of its own, and what it asks."""
    with pytest.MonkeyPatch.context() as patch, Loopback(good) as model:
        patch.setenv("PROCAUTHOR_POSTGRES", server.new_schema())
        patch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")
        root = write(tmp_path_factory.mktemp("calm"), TREE, model.url)
        assert states(Project.open(root).batch(MODEL, accept=True).run()) == ["accepted"] * 6
        return without_address(root), Counter(json.dumps(body) for body in model.requests)


@pytest.fixture
def gated() -> Iterator[tuple[Gated, Loopback]]:
    replies = Gated()
    with Loopback(replies) as model:
        yield replies, model


def once_each(url: str, model: Loopback, once: Counter[str]) -> None:
    """Hold what was asked against what one worker asks."""
    asked = Counter(json.dumps(body) for body in model.requests)
    assert asked.keys() == once.keys()
    # The one call that was on its way when the worker died had no recorded answer.
    assert asked.total() <= once.total() + 1
    found = rows(url, "select count(*), count(distinct line) from procauthor_line group by batch, name")
    assert [distinct for _, distinct in found] == [CALLS] * 6
    assert sum(int(str(lines)) for lines, _ in found) <= asked.total()


ENDS = [signal.SIGKILL, signal.SIGSTOP, signal.SIGINT] if os.environ.get("PROCAUTHOR_LONG_TESTS") else [signal.SIGKILL]


@pytest.mark.parametrize("number", ENDS)
def test_a_helper_dies_or_sleeps_and_the_other_worker_takes_over(tmp_path, url, calm, gated, number) -> None:
    replies, model = gated
    root = write(tmp_path / "home", TREE, model.url)
    # The other machine: a checkout of its own, and nothing in common but the database.
    away = Path(shutil.copytree(root, tmp_path / "away"))
    home = Aside(Project.open(root).batch(MODEL, accept=True, jobs=1).run)
    wait_for(lambda: len(model.requests) > 0)
    helper = child(away, "--join", "last")
    wait_for(lambda: len(model.requests) == 2)
    replies.gate.set()
    wait_for(lambda: len(model.requests) > 4)
    helper.send_signal(number)
    assert states(home.wait()) == ["accepted"] * 6
    helper.send_signal(signal.SIGCONT)
    _, said = helper.communicate(timeout=60)
    if number == signal.SIGSTOP:
        assert "this worker was silent for longer than its lease" in said
        assert helper.returncode == 0, said
    if number == signal.SIGINT:
        assert helper.returncode == 130, said
        # What was on its way was waited for, so nothing is asked again.
        assert len(model.requests) == calm[1].total()
    assert without_address(root) == calm[0]
    assert not list(away.glob(".procauthor/drafts/*"))
    once_each(url, model, calm[1])


def test_the_home_dies_and_the_helper_writes_the_rest(tmp_path, url, calm, gated) -> None:
    replies, model = gated
    root = write(tmp_path / "home", TREE, model.url)
    away = Path(shutil.copytree(root, tmp_path / "away"))
    home = child(root, "--model", MODEL, "--accept", "-j", "1")
    wait_for(lambda: len(model.requests) > 0)
    helper = Aside(Project.open(away).batch().join)
    wait_for(lambda: len(model.requests) == 2)
    replies.gate.set()
    wait_for(lambda: len(model.requests) > 4)
    home.kill()
    home.communicate()
    assert set(states(helper.wait())) <= {"drafted", "accepted"}
    written = len(model.requests)
    time.sleep(LEASE)
    assert states(Project.open(root).batch().resume()) == ["accepted"] * 6
    assert len(model.requests) == written
    assert without_address(root) == calm[0]
    once_each(url, model, calm[1])
