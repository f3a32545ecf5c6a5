"""A batch and the memory of runs in a real Postgres: several workers, killed at bad moments."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.authoring.brief import Usage
from procauthor.authoring.memory import CallLog, FileMemory, WorkMemory
from procauthor.authoring.reply import Reply
from procauthor.batch.record import BatchReport
from procauthor.errors import ConfigError, DraftError, LockedError
from tests.batch import CALLS, good, title_of, write_batch_library
from tests.cli.inside import run, run_json
from tests.cli.test_commands import CLI
from tests.conftest import snapshot
from tests.loopback import Json, Loopback, Scripted
from tests.postgres import Server, running

pytestmark = pytest.mark.postgres
MODEL = "openai:any"
TREE = [[], [0], []]
ADDRESS = "PROCAUTHOR_DATABASE"
LEASE = "[run]\nlease = 4\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def url(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of its own, which the environment names."""
    found = server.new_schema()
    monkeypatch.setenv(ADDRESS, found)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")
    return found


@pytest.fixture
def away(tmp_path: Path) -> Callable[[Path], Path]:
    """Another machine: a checkout of its own, and nothing in common but the database."""
    return lambda root: Path(shutil.copytree(root, tmp_path / "away", ignore=shutil.ignore_patterns(".procauthor")))


def write(folder: Path, needs: list[list[int]], model: str, **settings: object) -> Path:
    # A gate may be shut for long on a busy machine.
    root = write_batch_library(folder, needs, model, **{"timeout": 300.0} | settings)
    with (root / "procauthor.toml").open("a") as file:
        file.write(LEASE)
    return root


def states(report: BatchReport) -> list[str]:
    return [written.item.state for written in report.items]


def files(root: Path) -> dict[str, bytes]:
    return {
        path: raw for path, raw in snapshot(root).items() if path not in {"procauthor.toml", "prompts/system.md.j2"}
    }


def fresh(folder: Path, prompt: Path | None = None) -> tuple[dict[str, bytes], Counter[str]]:
    """What one process makes of the plan that nobody disturbs, in a file of its own, and what it asks."""
    with pytest.MonkeyPatch.context() as patch, Loopback(good) as model:
        patch.delenv(ADDRESS, raising=False)
        patch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")
        root = write(folder, TREE, model.url)
        if prompt:
            shutil.copytree(prompt, root / "prompts")
        assert states(Project.open(root).batch(MODEL, accept=True).run()) == ["accepted"] * len(TREE)
        return files(root), Counter(json.dumps(body) for body in model.requests)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], Counter[str]]:
    return fresh(tmp_path_factory.mktemp("calm") / "library")


class Aside:
    """A worker in a thread of this process."""

    def __init__(self, work: Callable[[], BatchReport]) -> None:
        self.ended: list[BatchReport | BaseException] = []
        self.thread = threading.Thread(target=self.run, args=(work,), daemon=True)
        self.thread.start()

    def run(self, work: Callable[[], BatchReport]) -> None:
        try:
            self.ended.append(work())
        except BaseException as error:
            self.ended.append(error)

    def wait(self) -> BatchReport:
        self.thread.join(120)
        (ended,) = self.ended
        if isinstance(ended, BaseException):
            raise ended
        return ended


class Gated:
    """Answers well and slowly, and nothing before the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def __call__(self, body: Json) -> Scripted:
        assert self.gate.wait(120)
        return Scripted(body=good(body).body, delay=0.1)


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def child(root: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*CLI, "-C", str(root), "run", *words], stdout=-1, stderr=-1, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


# Kills

ENDS = [signal.SIGKILL, signal.SIGSTOP, signal.SIGINT] if os.environ.get("PROCAUTHOR_LONG_TESTS") else [signal.SIGKILL]


@pytest.mark.parametrize("number", ENDS)
def test_a_worker_dies_or_sleeps_and_the_other_takes_over(  # noqa: PLR0917
    tmp_path, server, url, away, calm, number
) -> None:
    replies = Gated()
    with Loopback(replies) as model:
        root = write(tmp_path / "home", TREE, model.url)
        there = away(root)
        home = Aside(Project.open(root).batch(MODEL, accept=True, jobs=1).run)
        wait_for(lambda: len(model.requests) > 0)
        with child(there, "--join", "last", "--jobs", "1") as other:
            wait_for(lambda: len(model.requests) == 2)
            replies.gate.set()
            wait_for(lambda: len(model.requests) > 4)
            other.send_signal(number)
            assert states(home.wait()) == ["accepted"] * len(TREE)
            other.send_signal(signal.SIGCONT)
            _, said = other.communicate(timeout=60)
        asked = Counter(json.dumps(body) for body in model.requests)
    if number == signal.SIGINT:
        # What was on its way was waited for, so nothing is asked again.
        assert (other.returncode, asked.total()) == (130, calm[1].total()), said
    assert files(root) == calm[0]
    assert not list(there.glob(".procauthor/drafts/*"))
    # Only the call that was on its way when the worker died is asked again.
    assert asked.keys() == calm[1].keys()
    assert asked.total() <= calm[1].total() + 1
    assert server.rows(url, "select count(distinct key) from call") == [(CALLS * len(TREE),)]
    assert server.rows(url, "select * from reservation") == []


def test_the_home_dies_and_the_prompt_changes_before_it_goes_on(tmp_path, url, calm) -> None:
    """What is written after the change is what a fresh run writes; half of the old replies are never used."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    text = Path("prompts/system.md.j2").read_text()
    (folder / "system.md.j2").write_text(text + "\nWrite as the head of operations would.\n")
    with Loopback(lambda body: Scripted(body=good(body).body, delay=0.1)) as model:
        root = write(tmp_path / "home", TREE, model.url)
        with child(root, "--model", MODEL, "--accept", "-j", "2"):
            wait_for(lambda: len(model.requests) > 4)
        shutil.copytree(folder, root / "prompts")
        paid = len(model.requests)
        assert states(Project.open(root).batch().resume()) == ["accepted"] * len(TREE)
        asked = Counter(json.dumps(body) for body in model.requests[paid:])
    documents, once = fresh(tmp_path / "fresh", folder)
    assert files(root) == documents
    assert max(asked.values()) == 1
    assert asked.keys() <= once.keys()
    # Nothing that was asked in the old words counts.
    assert not asked.keys() & calm[1].keys()


# The ceiling


def test_the_ceiling_holds_for_all_workers_together_and_a_higher_one_goes_on(tmp_path, server, url, away) -> None:
    def modest(body: Json) -> Scripted:
        made = {**good(body).body, "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}
        return Scripted(body=made, delay=0.05)

    with Loopback(modest) as model:
        root = write(tmp_path / "home", [[]] * 4, model.url, reply_tokens=500)
        begun = Project.open(root).batch(MODEL, jobs=2, max_tokens=20_000).begin()
        home = Aside(lambda: Project.open(root).batch().resume(begun.id))
        wait_for(lambda: len(model.requests) > 0)
        other = Aside(lambda: Project.open(away(root)).batch(jobs=2).join())
        assert {home.wait().halted[:13], other.wait().halted[:13]} == {"the next call"}
        ((used,),) = server.rows(url, "select sum(input_tokens + output_tokens) from call")
        assert 20_000 - 5_000 < used <= 20_000
        paid = len(model.requests)
        assert states(Project.open(root).batch().resume(max_tokens=10**6)) == ["drafted"] * 4
        # Where replies are this short, the page takes a second call.
        assert len(model.requests) == 4 * (CALLS + 1) > paid
    assert max(Counter(json.dumps(body) for body in model.requests).values()) == 1
    assert Project.open(root).drafts.names() == [f"batch-1-00{n}" for n in (1, 2, 3, 4)]


# What a user sees


def test_drafts_come_home_and_what_a_person_decides_counts(tmp_path, server, url, away) -> None:
    root = write(tmp_path / "home", [[], [0]], "")
    there = away(root)
    batch = Project.open(root).batch("offline").begin()
    assert "was not begun at home" in run("-C", there, "run", "--join", "last", code=2).stderr
    assert run_json("-C", root, "resume", batch.id)["outcome"] == "Awaiting review"
    assert [draft["draft"] for draft in run_json("-C", root, "drafts")["drafts"]] == ["batch-1-001", "batch-1-002"]
    assert run_json("-C", there, "drafts")["drafts"] == []
    # All machines see the same runs.
    assert run_json("-C", there, "runs", "show", "batch-1-001")["title"] == title_of(1)
    run("-C", root, "accept", "batch-1-001")
    run("-C", root, "reject", "batch-1-002")
    again = run_json("-C", root, "resume", "batch-1", code=1)
    assert [item["state"] for item in again["items"]] == ["accepted", "rejected"]
    assert "has ended" in run("-C", there, "run", "--join", "batch-1", code=2).stderr
    assert "batch-1" in run("-C", root, "runs", "prune", "--keep", "0").stdout
    assert server.rows(url, "select id from job union select job from part union select job from item") == []
    assert not list(root.rglob("work.*db"))


def test_a_worker_that_would_write_other_bytes_is_refused(tmp_path, url, away) -> None:
    root = write(tmp_path / "home", [[]], "")
    Project.open(root).batch("offline").run()
    there = away(root)
    page = there / "procauthor.toml"
    page.write_text(page.read_text() + "[authoring]\npassages = 3\n")
    with pytest.raises(DraftError, match="'batch-1' was begun with other settings"):
        Project.open(there).batch().join()


def test_one_process_is_at_home(tmp_path, url) -> None:
    root = write(tmp_path / "home", [[]], "")
    project = Project.open(root)
    batch = project.batch("offline").begin()
    with batch.hold(), pytest.raises(LockedError) as caught:
        Project.open(root).batch().resume()
    assert "procauthor run --join" in caught.value.hint


@pytest.mark.parametrize(
    ("address", "said", "code"),
    [
        ("postgresql://me:Tr0ub4dor-and-3@127.0.0.1:1/none", "the database of runs cannot be used: ", 3),
        ("postgresql://me:Tr0ub4dor-and-3@127.0.0.1:1/none?no=1", "the address of the database cannot be read: ", 2),
        ("postgresql://me:Tr0ub4dor-and-3@[::1/none", "PROCAUTHOR_DATABASE is no address of a Postgres database", 2),
        ("mysql://me:Tr0ub4dor-and-3@127.0.0.1/none", "PROCAUTHOR_DATABASE is no address of a Postgres database", 2),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence_without_the_password(root, address, said, code) -> None:
    pytest.importorskip("psycopg")
    done = run("-C", root, "run", code=code, **{ADDRESS: address})
    assert said in done.stderr
    assert "hint:" in done.stderr
    assert "Tr0ub4dor" not in done.output


# Without a server


@pytest.mark.parametrize("place", ["db.example.org", "8.8.8.8", "localhost,db.example.org", "/x?host=db.example.org"])
def test_settings_of_a_repository_name_no_foreign_database(root, place) -> None:
    page = root / "procauthor.toml"
    page.write_text(page.read_text() + f'[run]\ndatabase = "postgresql://{place}"\n')
    done = run("-C", root, "runs", code=2)
    assert "outside of your private network" in done.stderr
    assert "PROCAUTHOR_DATABASE" in done.stderr


def test_without_the_extra_one_sentence_says_what_to_install(root) -> None:
    start = "import sys; sys.modules['psycopg'] = None; from procauthor.cli.app import main; main()"
    words = [sys.executable, "-c", start, "-C", str(root), "run"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, ADDRESS: "postgresql://localhost/x"}
    )
    assert done.returncode == 2
    assert 'pip install "procauthor[workers]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_batch_in_a_file_cannot_be_joined(root) -> None:
    Project.open(root).batch("offline").begin()
    with pytest.raises(ConfigError, match="only a batch in a database can be joined"):
        Project.open(root).batch().join()
    assert "--join takes no option but" in run("-C", root, "run", "--join", "last", "--accept", code=2).stderr


# Both memories keep the same


@pytest.fixture(params=["file", "database"])
def memories(request, tmp_path) -> Callable[[], WorkMemory]:
    if request.param == "file":
        return lambda: FileMemory(tmp_path / "work.db")
    from procauthor.authoring.postgres import SharedMemory

    address = request.getfixturevalue("url")
    return lambda: SharedMemory(address)


def test_workers_that_begin_at_once_lose_nothing_and_the_first_reply_counts(memories) -> None:
    def work(name: str) -> None:
        calls = CallLog(memories(), name)
        for number in range(10):
            calls.keep(f"{name}{number}", Reply("x", usage=Usage(1, 1, 1)), step=number)
            kept.append(CallLog(memories(), "shared").keep(f"{number}", Reply(name), step=1).text)

    kept: list[str] = []
    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in "ab":
        assert CallLog(memories(), name).usage == Usage(10, 10, 10)
        assert [row["calls"] for row in CallLog(memories(), name).by_step()] == [1] * 10
    replies = [CallLog(memories(), "shared").find(f"{number}") for number in range(10)]
    assert Counter(kept) == Counter(reply.text for reply in replies if reply for _ in "ab")


def test_a_reply_that_was_of_use_answers_other_runs_and_a_bad_one_nobody(memories) -> None:
    first, second = CallLog(memories(), "first"), CallLog(memories(), "second")
    for key in ("good", "bad"):
        first.keep(key, Reply(key, usage=Usage(1, 5, 5)), step=1, fields=("purpose",))
    first.judge(["good"], good=True)
    first.judge(["bad"], good=False)
    assert second.find("good", step=1) == Reply("good")
    assert first.find("bad") is second.find("bad") is None
    assert (first.usage, second.usage) == (Usage(2, 10, 10), Usage())


def test_what_fails_within_a_transaction_leaves_nothing(memories) -> None:
    memory = memories()
    memory.keep_part("a", "plan", b"old")
    block = memory.writing()
    block.__enter__()
    memory.keep_part("a", "plan", b"new")
    assert not block.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert memory.part("a", "plan") == b"old"
    memory.drop_part("a", "plan")
    assert memories().part("a", "plan") is None
