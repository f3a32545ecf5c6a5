"""The memory of runs: several processes and threads share one file, and what was written is there after a kill."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from procauthor.authoring.brief import Usage
from procauthor.authoring.memory import CallLog, FileMemory
from procauthor.authoring.reply import Reply
from procauthor.errors import LockedError, StoreError

WRITER = """
import os, sys
from pathlib import Path
from procauthor.authoring.brief import Usage
from procauthor.authoring.memory import CallLog
from procauthor.authoring.memory import FileMemory
from procauthor.authoring.reply import Reply
calls = CallLog(FileMemory(Path(sys.argv[1])), sys.argv[2])
for number in range(40):
    calls.keep(f"{sys.argv[2]}-{number}", Reply("x" * number, usage=Usage(1, 10, 1)))
os._exit(9)
"""


def test_processes_that_begin_at_once_share_one_file_and_lose_nothing(tmp_path: Path) -> None:
    """None of them closes the file: each ends as if it were killed."""
    file = tmp_path / "state" / "work.db"
    children = [subprocess.Popen([sys.executable, "-c", WRITER, file, name]) for name in "ab"]
    assert [child.wait() for child in children] == [9, 9]
    memory = FileMemory(file)
    assert memory.notice == ""
    for name in "ab":
        assert CallLog(memory, name).usage == Usage(40, 400, 40)
        assert CallLog(memory, name).find(f"{name}-39") == Reply("x" * 39, usage=Usage(1, 10, 1))


def test_threads_share_a_memory(tmp_path: Path) -> None:
    calls = CallLog(FileMemory(tmp_path / "work.db"), "run")

    def work(name: str) -> None:
        for number in range(20):
            calls.keep(f"{name}{number}", Reply("x", usage=Usage(1, 1, 1)), step=number)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls.usage == Usage(80, 80, 80)
    assert [row["calls"] for row in calls.by_step()] == [4] * 20


def test_what_fails_within_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    memory = FileMemory(tmp_path / "work.db")
    memory.keep_part("a", "plan", b"old")
    block = memory.writing()
    block.__enter__().execute("update part set raw = x'00'")
    assert not block.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert memory.part("a", "plan") == b"old"


def test_nothing_is_written_by_reading(tmp_path: Path) -> None:
    memory = FileMemory(tmp_path / "work.db")
    assert memory.part("a", "plan") is None
    assert CallLog(memory, "run").usage == Usage()
    assert list(tmp_path.iterdir()) == []


def test_a_job_is_held_once(tmp_path: Path) -> None:
    first, second = FileMemory(tmp_path / "work.db"), FileMemory(tmp_path / "work.db")
    first.write("insert into job (id, kind, terms, started) values ('a', 'run', '', 0), ('b', 'run', '', 0)")
    with first.hold("a", "run 'a'"), second.hold("b", "run 'b'"), pytest.raises(LockedError, match="run 'a' is being"):
        second.hold("a", "run 'a'").__enter__()
    with second.hold("a", "run 'a'"):
        pass


def test_a_folder_instead_of_the_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "work.db").mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        FileMemory(tmp_path / "work.db")


TYPES = """
import sys, threading
from dataclasses import make_dataclass
from msgspec import defstruct, msgpack
from procauthor.data import as_type, unpacked
sys.setswitchinterval(1e-7)
for round in range(60):
    make = defstruct if round % 2 else make_dataclass
    inner = make("Inner", [("a", str), ("b", tuple[str, ...]), ("c", int | None)])
    middle = make("Middle", [("one", inner), ("more", tuple[inner, ...]), ("d", str | None)])
    outer = make("Outer", [("one", middle), ("more", tuple[middle, ...]), ("rest", tuple[inner, ...])])
    value = {"a": "x", "b": ["y"], "c": 1}
    value = {"one": value, "more": [value], "d": None}
    value = {"one": value, "more": [value], "rest": []}
    together = threading.Barrier(6)
    def read():
        together.wait()
        as_type(value, outer)
        unpacked(msgpack.encode(value), outer)
    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_that_read_the_first_value_of_a_type_at_once_do_not_crash() -> None:
    assert subprocess.run([sys.executable, "-c", TYPES], check=False).returncode == 0
