"""Work that is shared with other processes comes out as if it had not been."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from procauthor.project import Project
from procauthor.system import share

PATHS = [f"p{number}" for number in range(1000)]


def made_by(work: Callable[[str], tuple[str, int]]) -> dict[str, int]:
    return dict(share(PATHS, partial(map, work), tuple[str, int]))


def test_every_path_is_worked_on_once() -> None:
    found = list(share(PATHS, lambda paths: ((path, len(path)) for path in paths), tuple[str, int]))
    assert sorted(found) == sorted((path, len(path)) for path in PATHS)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor")
def test_many_paths_are_worked_on_by_several_processes() -> None:
    # In a process of its own: one with threads, which other tests may have left, is never copied.
    code = (
        "import os\nfrom procauthor.system import share\n"
        "print(len(set(share(['p'] * 1000, lambda paths: [os.getpid() for _ in paths], int))) > 1)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"


def test_what_a_process_that_dies_owes_is_made_here() -> None:
    here = os.getpid()

    def work(path: str) -> tuple[str, int]:
        if os.getpid() != here and path == PATHS[-1]:
            os.kill(os.getpid(), 9)
        return path, os.getpid()

    assert set(made_by(work)) == set(PATHS)


def test_a_process_that_dies_while_it_sends_loses_nothing_and_doubles_nothing() -> None:
    code = """
import os, signal
from functools import partial
from procauthor.system import share

def send(path):
    return path, os.getpid(), "x" * 10_000

here = os.getpid()
paths = [str(number) for number in range(1000)]
found, killed = [], set()
for path, process, _ in share(paths, partial(map, send), tuple[str, int, str]):
    found.append(path)
    if process != here and process not in killed:
        # It has more to send than a pipe holds, so it is in the middle of it.
        os.kill(process, signal.SIGKILL)
        killed.add(process)
print(sorted(found) == sorted(paths))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"


def test_a_failure_is_raised_here() -> None:
    def work(path: str) -> tuple[str, int]:
        return path, 1 // (path != PATHS[-1])

    with pytest.raises(ZeroDivisionError):
        made_by(work)


def test_a_large_library_gives_the_same_findings_as_one_that_is_read_at_once(tmp_path: Path) -> None:
    for number in range(400):
        text = f"# Topic {number}\n\n[x](p{number + 1}.md#topic-{number % 7})\n\n[y](gone-{number % 5}.md)\n"
        (tmp_path / f"p{number}.md").write_text(text)
    project = Project.open(tmp_path)
    wanted = project.workspace.check(project.library(), None)
    assert len(wanted.findings) > 400
    assert project.check() == wanted
    assert project.check() == wanted


def test_an_interrupt_ends_the_other_processes_as_well() -> None:
    """The children die with the parent's work, and none of them runs what the parent does at its end."""
    code = """
import os, signal, sys, time
from functools import partial
from procauthor.system import share

here = os.getpid()

def work(path):
    if os.getpid() == here:
        os.kill(here, signal.SIGINT)
    time.sleep(0.2)
    return path

try:
    list(share(["p"] * 1000, partial(map, work), str))
except KeyboardInterrupt:
    print("interrupted")
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no child is left")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout == "interrupted\nno child is left\n"
    assert not done.stderr


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor")
def test_the_other_processes_end_where_nobody_reads_what_they_send() -> None:
    code = """
import os, signal
from procauthor.system import share

here = os.getpid()
for process, _ in share(["p"] * 1000, lambda paths: ((os.getpid(), "x" * 100_000) for _ in paths), tuple[int, str]):
    if process != here:
        print('killed', flush=True)
        os.kill(here, signal.SIGKILL)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        # The output ends when no process holds it open any more.
        assert process.communicate(timeout=20)[0]
    assert process.returncode == -signal.SIGKILL


def test_a_process_with_threads_is_not_copied() -> None:
    code = """
import os, threading
from procauthor.system import share

stop = threading.Event()
threading.Thread(target=stop.wait).start()
print(len(set(share(["p"] * 1000, lambda paths: [os.getpid() for _ in paths], int))))
stop.set()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout == "1\n"
