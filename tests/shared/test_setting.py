"""What a user sees of checkpoints in Postgres."""

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import ConfigError, StoreError
from tests.batch import CALLS, good, title_of, write_batch_library
from tests.cli.inside import run, run_json
from tests.loopback import Json, Loopback, Scripted
from tests.postgres import Server
from tests.shared.conftest import rows, write

MODEL = "openai:any"
TITLE = title_of(1)


def test_a_single_run_has_its_checkpoints_there_and_goes_on_from_them(tmp_path: Path, url: str) -> None:
    root = write(tmp_path / "library", [[]], "")
    whole = Project.open(root).author("offline").create(TITLE).draft
    ids = [row[0] for row in rows(url, "select checkpoint_id from checkpoints order by checkpoint_id")]
    assert len(ids) > 8
    assert not (root / ".procauthor/runs/checkpoints.sqlite").exists()
    rows(url, "delete from checkpoints where checkpoint_id > %s returning 1", ids[4])
    assert Project.open(root).author("offline").resume(whole.id).draft.text == whole.text
    # Another checkout has a run of the same id, and it is another run.
    other = write(tmp_path / "other", [[]], "")
    assert Project.open(other).author("offline").create(TITLE).draft.text == whole.text
    assert len(rows(url, "select distinct thread_id from checkpoints")) == 2
    run("-C", root, "reject")
    assert run_json("-C", root, "runs", "prune", "--keep", "0")["deleted"] == [whole.id]
    assert len(rows(url, "select distinct thread_id from checkpoints")) == 1


def test_drafts_come_home_and_a_pruned_batch_leaves_nothing(tmp_path: Path, url: str) -> None:
    root = write(tmp_path, [[], [0]], "")
    found = run_json("-C", root, "run")
    assert (found["batch"], found["outcome"]) == ("shared-1", "Awaiting review")
    assert [draft["draft"] for draft in run_json("-C", root, "drafts")["drafts"]] == ["shared-1-001", "shared-1-002"]
    assert run_json("-C", root, "runs", "show", "shared-1-001")["title"] == TITLE
    run("-C", root, "accept", "shared-1-001")
    run("-C", root, "reject", "shared-1-002")
    again = run_json("-C", root, "resume", "shared-1", code=1)
    assert [item["state"] for item in again["items"]] == ["accepted", "rejected"]
    assert "has ended" in run("-C", root, "run", "--join", "shared-1", code=2).stderr
    assert "no batch waits to be joined" in run("-C", root, "run", "--join", "last", code=2).stderr
    assert "shared-1" in run("-C", root, "runs", "prune", "--keep", "0").stdout
    assert rows(url, "select (select count(*) from procauthor_batch) + (select count(*) from checkpoints)") == [(0,)]
    assert rows(url, "select (select count(*) from procauthor_file) + (select count(*) from procauthor_item)") == [(0,)]


def test_a_helper_with_other_settings_is_refused(tmp_path: Path, url: str) -> None:
    root = write(tmp_path / "home", [[], [0]], "")
    Project.open(root).batch("offline").begin()
    away = Path(shutil.copytree(root, tmp_path / "away"))
    (away / "procauthor.toml").write_text((away / "procauthor.toml").read_text() + "[authoring]\npassages = 3\n")
    done = run("-C", away, "run", "--join", "last", code=2)
    assert "'shared-1' was begun with other settings" in done.stderr
    (root / "procauthor.toml").write_text((root / "procauthor.toml").read_text() + '[retrieval]\nserver = ""\n')
    found = run_json("-C", root, "run", "--join", "last")
    assert [item["state"] for item in found["items"]] == ["drafted", "drafted"]
    assert run_json("-C", root, "drafts")["drafts"] == []
    assert run_json("-C", root, "resume", "shared-1")["outcome"] == "Awaiting review"
    assert len(run_json("-C", root, "drafts")["drafts"]) == 2


def test_a_batch_beside_the_library_cannot_be_joined(tmp_path: Path) -> None:
    root = write_batch_library(tmp_path, [[]])
    Project.open(root).batch("offline").begin()
    assert "can be joined" in run("-C", root, "run", "--join", "last", code=2).stderr


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("", 2, "PROCAUTHOR_POSTGRES is not set"),
        ("user:hunter2@host", 2, "is no address of a Postgres database"),
        ("postgresql://me:hunter2@127.0.0.1:9/x", 3, "cannot be used"),
    ],
)
def test_an_address_that_is_wrong_is_said_in_one_sentence(tmp_path: Path, address: str, code: int, said: str) -> None:
    root = write(tmp_path, [[]], "", lease=2)
    for words in (["run"], ["create", TITLE], ["runs"]):
        done = run("-C", root, *words, code=code, PROCAUTHOR_POSTGRES=address)
        assert said in done.stderr
        assert "hint:" in done.stderr
        assert "hunter2" not in done.stderr
        assert "Traceback" not in done.stderr


def test_reading_commands_need_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, [[]], "")
    monkeypatch.delenv("PROCAUTHOR_POSTGRES")
    run("-C", root, "plan")
    run("-C", root, "check")
    run("-C", root, "drafts")
    with pytest.raises(ConfigError):
        Project.open(root).batches.names()


def test_a_database_that_is_away_for_a_moment_is_waited_for(tmp_path: Path, server: Server, url: str) -> None:
    asked, back = threading.Event(), threading.Event()

    def reply(body: Json) -> Scripted:
        asked.set()
        assert back.wait(60)
        return good(body)

    with Loopback(reply) as model:
        root = write(tmp_path, [[], [0]], model.url, lease=20)
        found: list[object] = []
        batching = Project.open(root).batch(MODEL, accept=True)
        worker = threading.Thread(target=lambda: found.append(batching.run()))
        worker.start()
        assert asked.wait(60)
        server.stop(signal.SIGINT)
        back.set()
        time.sleep(0.5)
        server.start()
        worker.join(60)
        (report,) = found
        assert [written.item.state for written in report.items] == ["accepted"] * 2, report  # type: ignore[attr-defined]
        assert len(model.requests) == 2 * CALLS


def test_a_database_that_stays_away_ends_the_worker(tmp_path: Path, server: Server, url: str) -> None:
    with Loopback(lambda body: server.stop(signal.SIGINT) or good(body)) as model:
        root = write(tmp_path, [[]], model.url, lease=1)
        with pytest.raises(StoreError) as caught:
            Project.open(root).batch(MODEL).run()
    assert caught.value.exit_code == 3
    server.start()
    assert os.environ["PROCAUTHOR_POSTGRES"] == url
