"""`procauthor run` as a user runs it, against a server on the loopback interface."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.batch.record import BatchReport, Told
from procauthor.errors import LockedError, PlanError
from tests.batch import CALLS, good, title_of, write_batch_library
from tests.cli.inside import run, run_json
from tests.cli.test_commands import CLI
from tests.conftest import snapshot
from tests.loopback import Json, Loopback, Scripted, failure, schema_of, words_of

MODEL = "openai:any"
TREE = [[], [0], [0], [], [1, 2], []]
"""Two need the first, the fifth needs these two, and two stand alone."""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")


def carry(root: Path, progress: Callable[[Told], None] | None = None, **wishes: object) -> BatchReport:
    return Project.open(root).batch(MODEL, progress=progress, **wishes).run()


def states(report: BatchReport) -> list[str]:
    return [written.item.state for written in report.items]


def about(number: int) -> Callable[[Json], bool]:
    """Whether a request is for one item."""
    return lambda body: f'"title": "{title_of(number)}",\n"lifecycle"' in words_of(body)


def question(body: Json) -> tuple[list[int], list[str]]:
    """Which item a request is for, and which fields it asks for."""
    return [n for n in range(10) if about(n)(body)], sorted(schema_of(body)["properties"])


def slowly(seconds: float) -> Callable[[Json], Scripted]:
    return lambda body: Scripted(body=good(body).body, delay=seconds)


def ill(number: int, healed: threading.Event) -> Callable[[Json], Scripted]:
    """Fail for one item until it is healed."""
    return lambda body: failure(500) if about(number)(body) and not healed.is_set() else good(body)


def without_address(root: Path) -> dict[str, bytes]:
    return {path: raw for path, raw in snapshot(root).items() if path != "procauthor.toml"}


class Watched:
    """Answers well after some time, and counts how many requests are there at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, body: Json) -> Scripted:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(random.Random(words_of(body)).uniform(0.01, 0.05))
        with self.lock:
            self.now -= 1
        return good(body)


# Offline, and what is shown


def test_a_plan_is_carried_out_and_the_whole_library_follows(root: Path) -> None:
    found = run_json("-C", root, "run", "--accept")
    assert [item["state"] for item in found["items"]] == ["accepted", "accepted"]
    assert [item["path"] for item in found["items"]] == ["feature/threat-check.md", "feature/release-check.md"]
    assert (found["outcome"], found["usage"]["calls"], found["left_out"]) == ("Accepted", 0, [])
    counts = found["evaluation"]
    # What the offline author does not know is a gap, so both are in progress.
    assert (counts["before"]["defined"], counts["after"]["defined"], counts["after"]["in_progress"]) == (1, 1, 2)
    assert "- [x]" not in (root / "action-plan.md").read_text()
    # The second saw what the first promises.
    assert "Threat Check Procedure](threat-check.md)" in (root / "feature/release-check.md").read_text()
    assert run_json("-C", root, "check")["summary"]["errors"] == 0
    run("-C", root, "sync", "--check")
    run("-C", root, "undo")
    assert not (root / "feature/release-check.md").exists()
    assert "status: In progress" in (root / "feature/threat-check.md").read_text()


def test_without_accept_drafts_wait_and_one_word_accepts_them_all(root: Path) -> None:
    before = snapshot(root)
    done = run("-C", root, "run")
    assert snapshot(root) == before
    assert "Awaiting review: 2 items, no calls, no tokens" in done.stdout
    assert "once accepted: 1 of 3 defined (33.3%)" in done.stdout
    assert "procauthor run --resume batch-1 --accept" in done.stderr
    assert [draft["draft"] for draft in run_json("-C", root, "drafts")["drafts"]] == ["batch-1-001", "batch-1-002"]
    (listed,) = run_json("-C", root, "runs")["batches"]
    assert (listed["state"], listed["items"]) == ("drafts wait", {"drafted": 2})
    assert run_json("-C", root, "run", "--resume", "last", "--accept")["outcome"] == "Accepted"
    assert run_json("-C", root, "drafts")["drafts"] == []
    assert "has ended" in run("-C", root, "resume", "batch-1", code=2).stderr
    assert "batch-1" in run("-C", root, "runs", "prune", "--keep", "0").stdout


def test_what_was_accepted_by_hand_counts_and_what_was_rejected_too(root: Path) -> None:
    run("-C", root, "run")
    run("-C", root, "accept", "batch-1-001")
    run("-C", root, "reject", "batch-1-002")
    found = run_json("-C", root, "run", "--resume", "batch-1", code=1)
    assert [item["state"] for item in found["items"]] == ["accepted", "rejected"]


def test_a_dry_run_shows_order_and_bound_and_keeps_nothing(tmp_path: Path) -> None:
    with Loopback(good) as server:
        root = write_batch_library(tmp_path, TREE, server.url)
        found = run_json("-C", root, "run", "--dry-run", "--model", MODEL, OPENAI_API_KEY="")
    assert found["order"] == [1, 2, 3, 4, 5, 6]
    assert found["waves"] == [[1, 4, 6], [2, 3], [5]]
    assert found["critical_path"] == [1, 2, 5]
    # The bound counts a second look, which is made where the first changed something.
    assert found["bound"]["calls"] == 6 * (CALLS + 1)
    assert found["bound"]["ceiling"] == 6 * 200_000
    assert server.requests == []
    assert not list(root.glob(".procauthor/work.*db"))
    shown = run("-C", root, "run", "--dry-run", "--only", "2,5-6").stdout
    assert "wave 1: 2 Part 2 Work Procedure, 6 Part 6 Work Procedure" in shown
    assert "the longest chain has 2: 2 -> 5" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "99"), "no item 99"),
        (("--only", "x"), "no number of an item"),
        (("--deadline", "soon"), "no duration"),
        (("--resume", "batch-7"), "no batch 'batch-7'"),
        (("--resume", "last"), "no batch waits"),
        (("no-plan.md",), "cannot be read"),
        (("--author", "nobody"), "no author"),
    ],
)
def test_a_mistake_is_one_sentence(root: Path, words: tuple[str, ...], said: str) -> None:
    done = run("-C", root, "run", *words, code=2)
    assert said in done.stderr
    assert "hint:" in done.stderr


def test_what_is_there_in_part_is_left_out_and_said(root: Path) -> None:
    page = root / "feature/threat-check.md"
    review = (root / "feature/design-review.md").read_text().replace("Design Review", "Threat Check")
    page.write_text(review.replace("id: design-review", "id: threat-check").split("## 6.")[0])
    found = run_json("-C", root, "run", "--accept")
    assert [each["title"] for each in found["left_out"]] == ["Threat Check Procedure"]
    assert [item["title"] for item in found["items"]] == ["Release Check Procedure"]
    assert run_json("-C", root, "run", "--only", "1")["outcome"] == "Nothing to do"


def test_a_dry_run_leaves_out_what_the_run_leaves_out(root: Path) -> None:
    listed = "".join(
        f"- [ ] {title}\n  - Lifecycle: Feature\n" for title in ("Zed Check Procedure", "Zed Check Procedure")
    )
    text = f"# Plan\n\n## P0\n\n{listed}- [ ] ../../etc/passwd Procedure\n- [ ] Gamma Procedure\n"
    plan = root.parent / "other.md"
    plan.write_text(text)
    outlook = run_json("-C", root, "run", plan, "--dry-run")
    found = run_json("-C", root, "run", plan)
    assert [item["title"] for item in found["items"]] == ["Zed Check Procedure"]
    assert outlook["left_out"] == found["left_out"]
    assert [each["reason"] for each in found["left_out"]] == [
        "item 1 asks for the same title",
        "'../../etc/passwd Procedure' cannot be the title of a procedure",
        "neither plan nor index says where 'Gamma Procedure' belongs",
    ]
    assert run("-C", root, "run", plan, "--dry-run").stdout.splitlines()[-2] == "1 item; the longest chain has 1: 1"


# With a model


def test_several_go_on_at_once_and_the_bytes_are_those_of_one_at_a_time(tmp_path: Path) -> None:
    results = []
    for jobs in (1, 3):
        watched = Watched()
        told: list[Told] = []
        with Loopback(watched) as server:
            root = write_batch_library(tmp_path / str(jobs), TREE, server.url)
            report = carry(root, told.append, jobs=jobs, accept=True)
        assert states(report) == ["accepted"] * 6
        # How many meet is a matter of chance on a busy machine; more than may be never do.
        assert min(jobs, 2) <= watched.most <= jobs
        assert len(server.requests) == 6 * CALLS
        assert report.usage.calls == 6 * CALLS
        states_told = [(each.number, each.state) for each in told if not each.step]
        assert all(states_told.index((n, "drafted")) < states_told.index((5, "working")) for n in (1, 2, 3))
        results.append(without_address(root))
    assert results[0] == results[1]


def test_a_failing_item_stops_only_those_that_need_it(tmp_path: Path) -> None:
    healed = threading.Event()
    with Loopback(ill(2, healed)) as server:
        root = write_batch_library(tmp_path, TREE, server.url)
        report = carry(root, accept=True)
        assert states(report) == ["accepted", "failed", "accepted", "accepted", "blocked", "accepted"]
        assert (report.outcome, report.exit_code) == ("Needs revision", 1)
        assert "HTTP 500" in report.items[1].item.reason
        assert report.items[4].item.reason == f"waits for {title_of(2)}"
        paid = len(server.requests)
        healed.set()
        done = run("-C", root, "resume")
        assert f"Accepted: 6 items, {6 * CALLS} calls" in done.stdout
        assert len(server.requests) - paid == 2 * CALLS
    assert run_json("-C", root, "check")["summary"]["errors"] == 0


def test_dependents_can_go_on_with_what_the_plan_announces(tmp_path: Path) -> None:
    with Loopback(ill(1, threading.Event())) as server:
        root = write_batch_library(tmp_path, TREE, server.url)
        report = carry(root, on_failure="announce")
    assert states(report) == ["failed", "drafted", "drafted", "drafted", "drafted", "drafted"]


def test_where_nothing_came_because_the_server_failed_the_exit_code_says_so(tmp_path: Path) -> None:
    with Loopback(lambda _: failure(500)) as server:
        root = write_batch_library(tmp_path, [[], [0]], server.url)
        done = run("-C", root, "run", "--model", MODEL, code=3)
    assert "go on with: procauthor run --resume batch-1" in done.stderr
    assert "failed" in done.stdout


def test_the_ceiling_holds_for_all_together_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    def modest(body: Json) -> Scripted:
        made = good(body).body
        # Far below our own count, and so not believed.
        return Scripted(body={**made, "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}})

    with Loopback(modest) as server:
        root = write_batch_library(tmp_path, [[]] * 4, server.url, reply_tokens=500)
        found = run_json("-C", root, "run", "--model", MODEL, "--max-tokens", "16000", "-j", "3", code=1)
        used = found["usage"]["input_tokens"] + found["usage"]["output_tokens"]
        assert found["outcome"] == "Stopped"
        assert 500 * len(server.requests) < used <= 16_000
        assert {item["state"] for item in found["items"]} & {"stopped", "waiting"}
        paid = Counter(json.dumps(body) for body in server.requests)
        report = Project.open(root).batch().resume(max_tokens=10**6)
        assert states(report) == ["drafted"] * 4
        # A reply of 500 tokens has no room for the page, which takes two calls then.
        assert len(server.requests) == 4 * (CALLS + 1)
        assert max((paid + Counter(json.dumps(body) for body in server.requests[paid.total() :])).values()) == 1


def test_no_call_begins_after_the_deadline(tmp_path: Path) -> None:
    with Loopback(slowly(0.2)) as server:
        root = write_batch_library(tmp_path, [[]] * 4, server.url)
        report = carry(root, deadline=1.0, jobs=1)
        assert (report.outcome, report.halted, report.exit_code) == ("Stopped", "the deadline has passed", 1)
        # Before it, one draft is whole and the next has its outline and its page.
        assert len(server.requests) <= 2 * CALLS - 1
        assert states(Project.open(root).batch().resume(jobs=4)) == ["drafted"] * 4
        assert len(server.requests) == 4 * CALLS


def test_a_batch_is_held_by_one_process(tmp_path: Path) -> None:
    with Loopback(slowly(0.2)) as server:
        root = write_batch_library(tmp_path, [[]], server.url)
        second: list[BaseException] = []

        def intrude(told: Told) -> None:
            if told.step == 1 and not told.done:
                with pytest.raises(LockedError) as caught:
                    Project.open(root).batch().resume("batch-1")
                second.append(caught.value)

        carry(root, intrude)
    assert [each.hint for each in second] == ["wait until it has ended"]


def test_a_person_who_edits_meanwhile_loses_nothing(tmp_path: Path) -> None:
    with Loopback(good) as server:
        root = write_batch_library(tmp_path, [[], []], server.url)
        page = root / "index.md"

        def edit(told: Told) -> None:
            if told.number == 1 and told.step == 3 and told.done:
                page.write_text(
                    page.read_text().replace("# Master Procedures Index\n", "# Master Procedures Index\n\nHers.\n")
                )

        assert states(carry(root, edit, accept=True)) == ["accepted"] * 2
    assert "\nHers.\n" in page.read_text()
    assert title_of(2) in page.read_text()


# Kills


def child(root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*CLI, "-C", str(root), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stop_at(process: subprocess.Popen[str], server: Loopback, count: int, number: int) -> None:
    end = time.monotonic() + 60
    while len(server.requests) < count and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(random.Random(count).uniform(0.0, 0.1))
    process.send_signal(number)


def test_a_batch_that_is_killed_ends_with_the_same_bytes_and_pays_no_call_twice(tmp_path: Path) -> None:
    with Loopback(good) as server:
        calm = write_batch_library(tmp_path / "calm", TREE, server.url)
        carry(calm, accept=True)
        once = Counter(str(question(body)) for body in server.requests)
    rounds = (4, 9, 15, 22, 28) if os.environ.get("PROCAUTHOR_LONG_TESTS") else (11,)
    with Loopback(slowly(0.1)) as server:
        root = write_batch_library(tmp_path / "killed", TREE, server.url)
        words = ["run", "--model", MODEL, "--accept", "-j", "2"]
        for count in rounds:
            process = child(root, *words)
            stop_at(process, server, count, signal.SIGKILL)
            process.communicate()
            words = ["resume"]
        assert states(Project.open(root).batch().resume()) == ["accepted"] * 6
        asked = Counter(str(question(body)) for body in server.requests)
    assert without_address(root) == without_address(calm)
    # Not word by word: a brief shows what other items have written by then, and so does a look.
    assert asked.keys() == once.keys()
    # A request that was on its way when the program was killed has no answer on disk, and is the only one made again.
    assert asked.total() <= once.total() + 2 * len(rounds)
    runs = Project.open(root).runs.all()
    # A look that was answered, and not yet used, is asked again where others have written what it would show now.
    assert all(CALLS <= run.calls.usage.calls <= CALLS + 1 for run in runs), [run.calls.by_step() for run in runs]


def test_an_interrupt_keeps_everything_and_says_how_to_go_on(tmp_path: Path) -> None:
    with Loopback(slowly(0.1)) as server:
        root = write_batch_library(tmp_path, [[]] * 3, server.url)
        process = child(root, "run", "--model", MODEL, "--json", "-j", "2")
        stop_at(process, server, 4, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        found = json.loads(out)
        # What was on its way was waited for, because it is paid for.
        assert found["usage"]["calls"] == len(server.requests)
        assert "procauthor run --resume batch-1" in err
        assert states(Project.open(root).batch().resume()) == ["drafted"] * 3
        # A look that was answered, and not yet used, is asked again where others have written what it would show now.
        assert 3 * CALLS <= len(server.requests) <= 3 * CALLS + 3


def test_an_unknown_plan_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    root = write_batch_library(tmp_path, [[]])
    with pytest.raises(PlanError):
        Project.open(root).batch().run("gone.md")
    assert not list(root.glob(".procauthor/work.*db"))


def test_resume_finds_a_batch_that_was_cut_off_while_accepting(tmp_path: Path) -> None:
    def cut_off(told: Told) -> None:
        if told.state == "accepted":
            raise SystemExit

    with Loopback(good) as server:
        root = write_batch_library(tmp_path, [[]] * 3, server.url)
        with pytest.raises(SystemExit):
            carry(root, cut_off, accept=True)
        asked = len(server.requests)
        run("-C", root, "resume")
        assert len(server.requests) == asked
    assert all(batch.ended for batch in Project.open(root).batches.all())
