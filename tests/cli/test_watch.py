"""``check --watch`` as a process of its own."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

_COMMAND = "from procauthor.cli.app import main; main()"
_SECONDS = 20


class Watch:
    def __init__(self, root: Path, *options: str) -> None:
        command = [sys.executable, "-c", _COMMAND, "-C", str(root), "check", "--watch", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._lines: Queue[str] = Queue()
        streams = (self.process.stdout, self.process.stderr)
        self._threads = [threading.Thread(target=self._follow, args=(stream,), daemon=True) for stream in streams]
        for thread in self._threads:
            thread.start()

    def _follow(self, stream: Iterator[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip())

    def until(self, holds: Callable[[str], bool]) -> list[str]:
        """Return the lines up to the first one that holds."""
        found: list[str] = []
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            try:
                found.append(self._lines.get(timeout=0.1))
            except Empty:
                continue
            if holds(found[-1]):
                return found
        raise AssertionError(found)

    def rest(self) -> list[str]:
        """Return what a process that has ended still had to say."""
        for thread in self._threads:
            thread.join(_SECONDS)
        return list(self._lines.queue)

    def turn(self) -> list[str]:
        return self.until(lambda line: "documents" in line)


@pytest.fixture
def watching(root: Path) -> Iterator[Watch]:
    watch = Watch(root)
    try:
        yield watch
    finally:
        watch.process.kill()
        watch.process.communicate()


def test_it_shows_what_is_new_and_what_is_gone(root: Path, watching: Watch) -> None:
    assert len(watching.turn()) == 1
    file = root / "feature/design-review.md"
    text = file.read_text()
    file.write_text(f"{text}\n[x](gone.md)\n")
    *changed, summary = watching.turn()
    assert len(changed) == 1
    assert changed[0].startswith("+ feature/design-review.md:")
    assert "broken-link" in changed[0]
    assert "1 error" in summary
    file.write_text(text)
    *changed, summary = watching.turn()
    assert [line[:1] for line in changed] == ["-"]
    assert "0 errors" in summary


def test_a_mistake_in_the_settings_does_not_end_it(root: Path, watching: Watch) -> None:
    watching.turn()
    settings = root / "procauthor.toml"
    text = settings.read_text()
    settings.write_text("[nonsense]\n")
    watching.until(lambda line: "nonsense" in line)
    settings.write_text(text)
    assert "0 errors" in watching.turn()[-1]


def test_ctrl_c_ends_it_quietly(watching: Watch) -> None:
    watching.turn()
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(_SECONDS) == 130
    assert watching.rest() == []


def test_it_only_shows(root: Path) -> None:
    command = [sys.executable, "-c", _COMMAND, "-C", str(root), "check", "--watch", "--fix"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--watch only shows findings as text" in done.stderr
