"""The one door to git.

A library may come from anywhere, and so may the repository around it: nothing that its settings name is ever run, and
nothing is fetched. Only plumbing is called that neither filters nor converts files. The folder alone decides which
repository is asked, never the variables that git sets for hooks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import lru_cache
from itertools import chain
from pathlib import Path

from msgspec import Struct

from procauthor.errors import RevisionError
from procauthor.regex import lazy

_SECONDS = 5.0
LONG = 60.0
"""Seconds for a question whose answer is as long as the repository is large."""
_REST = 30.0
"""Seconds in which a repository is not asked again after it gave no answer: a command asks several things."""
_silent: dict[Path, float] = {}
_OWN = ".git"
_SAFE = (
    "safe.bareRepository=explicit",
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.pager=cat",
    "core.quotePath=false",
    "credential.helper=",
    "protocol.allow=never",
    "log.showSignature=false",
    "submodule.recurse=false",
)
_REMOTE = lazy(
    r"(?:\w+://)?(?:[\w.-]+(?::[^@/]*)?@)?(?P<host>[\w.-]+\.[a-z]+)(?::\d+)?[:/](?P<path>[\w./-]+?)(?:\.git)?/?"
)
_OPTIONS = (
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
    *chain.from_iterable(("-c", pair) for pair in _SAFE),
)
# A setting of a single protocol comes before `protocol.allow`; this variable comes before both.
_QUIET = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
# These say where the user's own settings are, and nothing of a repository.
_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})


class NoAnswerError(RevisionError):
    """What was asked for is not there, and git has nothing to say about it."""


class Repository(Struct, frozen=True):
    """A repository with a work tree: ``top`` holds its ``.git``, ``prefix`` is the folder asked about, from there.

    ``prefix`` is empty for the top itself, and else ends in a slash.
    """

    top: Path
    prefix: str = ""

    def ask(self, *words: str, feed: bytes | None = None, seconds: float = _SECONDS, partial: bool = False) -> bytes:
        """Return what git answers; paths in words count from the top.

        Args:
            words: A command of git that starts no program, and its arguments.
            feed: Its standard input.
            seconds: How long it may take.
            partial: Return what has arrived by then instead of an error.

        Raises:
            NoAnswerError: What was asked for is not there.
            RevisionError: There is no git, it refuses, or it took too long.
        """
        if seconds > _SECONDS:
            _answers(self.top)
        return _run(self.top, (f"--work-tree={self.top}", *words), feed, seconds, partial=partial)


@lru_cache(maxsize=16)
def _answers(top: Path) -> None:
    """Ask a repository a short question, once: where git is silent altogether, a long one would only wait.

    Raises:
        RevisionError: It gave no answer; it is asked again next time.
    """
    _run(top, ("rev-parse", "--git-dir"), None, _SECONDS)


def find_repository(folder: Path) -> Repository | None:
    """Return the repository that a folder belongs to, or None.

    It is the one whose ``.git`` is in the folder or the nearest parent. A folder that only looks like a bare repository
    is a folder with files in it.
    """
    real = Path(os.path.realpath(folder))
    for top in (real, *real.parents):
        if os.path.lexists(top / _OWN):
            inside = real.relative_to(top).as_posix()
            return Repository(top, "" if inside == "." else f"{inside}/")
    return None


def host_address(folder: Path) -> str:
    """Return where the host of a repository shows it, as in ``https://github.com/org/repository``, or nothing."""
    repository = find_repository(folder)
    try:
        answer = repository.ask("config", "--get", "remote.origin.url") if repository else b""
    except RevisionError:
        return ""
    match = _REMOTE.fullmatch(os.fsdecode(answer).strip())
    return f"https://{match['host']}/{match['path']}" if match else ""


def ignored_paths(folder: Path) -> tuple[str, ...]:
    """Return what git ignores in a folder, from there; a whole folder ends in a slash. Nothing where git is silent."""
    repository = find_repository(folder)
    if repository is None:
        return ()
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z", "--")
    try:
        answer = repository.ask(*words, repository.prefix or ".", seconds=LONG)
    except RevisionError:
        return ()
    paths = (os.fsdecode(path) for path in answer.split(b"\0") if path)
    return tuple(path.removeprefix(repository.prefix) for path in paths)


def deciding_files(folder: Path) -> Iterator[str]:
    """Yield the files, there or not, that decide what git ignores in a folder, and are not in it."""
    real = Path(os.path.realpath(folder))
    for parent in real.parents:
        yield f"{parent}/{_OWN}"
    repository = find_repository(folder)
    if repository is None:
        return
    home = os.path.expanduser("~")
    settings = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    yield from (f"{home}/.gitconfig", f"{settings}/git/config", f"{settings}/git/ignore")
    for parent in real.parents:
        if parent.is_relative_to(repository.top):
            yield f"{parent}/.gitignore"
    own = _state_folder(repository.top)
    yield from (f"{own}/index", f"{own}/config.worktree")
    shared = _line_of(f"{own}/commondir")
    whole = os.path.join(own, shared) if shared else own
    yield from (f"{whole}/config", f"{whole}/info/exclude")


def _state_folder(top: Path) -> str:
    """Return the folder in which git keeps the state of a work tree: in another one, a file says where."""
    own = f"{top}/{_OWN}"
    return os.path.join(top, _line_of(own).removeprefix("gitdir:").strip()) if os.path.isfile(own) else own


def _line_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""


def last_changes(folder: Path) -> dict[str, date]:
    """Return the day of the last commit that changed each file in a folder, by its path from there.

    Nothing where there is no repository, or git is silent.
    """
    repository = find_repository(folder)
    if repository is None:
        return {}
    words = ("log", "--format=%x01%cs", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "-z")
    try:
        answer = repository.ask(*words, "--no-show-signature", "--", repository.prefix or ".", seconds=LONG)
    except RevisionError:
        return {}
    days: dict[str, date] = {}
    for commit in answer.split(b"\x01")[1:]:
        head, _, names = commit.partition(b"\0")
        day = date.fromisoformat(head.decode().strip())
        for name in names.split(b"\0"):
            path = os.fsdecode(name).lstrip("\n").removeprefix(repository.prefix)
            if path:
                days.setdefault(path, day)
    return days


def read_user(folder: Path) -> str:
    """Return the ``user.name`` in git's settings as they are for a folder; empty where there is none."""
    repository = find_repository(folder)
    try:
        answer = _run(repository.top if repository else Path(os.sep), ("config", "--get", "user.name"), None, _SECONDS)
    except RevisionError:
        return ""
    return answer.decode(errors="replace").strip()


def _run(folder: Path, words: tuple[str, ...], feed: bytes | None, seconds: float, *, partial: bool = False) -> bytes:
    program = shutil.which("git")
    if program is None or not os.path.isabs(program):
        message = "git is not installed"
        raise RevisionError(message, "earlier revisions are read with git")
    if time.monotonic() < _silent.get(folder, 0.0):
        raise _no_answer(folder)
    try:
        done = subprocess.run(  # noqa: S603 - git alone, no shell, and nothing that a repository names
            [program, *_OPTIONS, *words],
            cwd=folder,
            env=_environment(folder),
            input=feed or b"",
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        if partial and error.stdout:
            return error.stdout
        _silent[folder] = time.monotonic() + _REST
        raise _no_answer(folder) from error
    except OSError as error:
        message = f"git cannot be started in {folder}: {error.strerror}"
        raise RevisionError(message, "install git, or add it to PATH") from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        if not told:
            message = "git has no answer"
            raise NoAnswerError(message)
        message = f"git says: {told[0]}"
        raise RevisionError(message)
    return done.stdout


def _no_answer(folder: Path) -> RevisionError:
    return RevisionError("git did not answer in time", f"it was asked in {folder}")


def _environment(folder: Path) -> dict[str, str]:
    """Return the caller's environment without what it says of repositories; git looks no further up than the folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    return {**own, **_QUIET, "GIT_CEILING_DIRECTORIES": str(folder.parent)}


_SECONDS_FOR_NAMES = 3.0
_COMMITS = 5000
_MOST_RENAMES = 50
_LOG = (
    "-c",
    "diff.renameLimit=1000",
    "log",
    f"--max-count={_COMMITS}",
    "--no-show-signature",
    "--no-ext-diff",
    "--no-textconv",
    "--diff-filter=R",
    "-M",
    "--name-status",
    "--format=",
    "-z",
)


def is_tracked(root: Path, path: str) -> bool:
    """Say whether git keeps something at a path of the library; False where git cannot say."""
    repository = find_repository(root)
    if repository is None:
        return False
    try:
        return bool(repository.ask("ls-files", "-z", "--", f"{repository.prefix}{path}", seconds=_SECONDS_FOR_NAMES))
    except RevisionError:
        return False


def head_of(root: Path) -> str:
    """Return the commit that is checked out, or an empty string; renames are the same as long as it is."""
    repository = find_repository(root)
    try:
        answer = (
            repository.ask("rev-parse", "--verify", "--quiet", "HEAD", seconds=_SECONDS_FOR_NAMES)
            if repository
            else b""
        )
    except RevisionError:
        return ""
    return answer.decode(errors="replace").strip()


def read_renames(root: Path) -> dict[str, str]:
    """Return the last rename of every path that git remembers, relative to the root; empty where git cannot say.

    The newest renames come first, so what has arrived when the time is over is of use.
    """
    repository = find_repository(root)
    if repository is None:
        return {}
    inside = (f"--relative={repository.prefix}",) if repository.prefix else ()
    try:
        return parse_renames(repository.ask(*_LOG, *inside, seconds=_SECONDS_FOR_NAMES, partial=True))
    except RevisionError:
        return {}


def parse_renames(out: bytes) -> dict[str, str]:
    """Read ``R100 NUL old NUL new NUL ...``, newest first; of several renames of one path the newest counts."""
    parts = [part.strip(b"\n") for part in out.split(b"\0")]
    renames: dict[str, str] = {}
    place = 0
    while place + 2 < len(parts):
        if parts[place][:1] != b"R":
            place += 1
            continue
        old, new = (part.decode("utf-8", errors="surrogateescape") for part in parts[place + 1 : place + 3])
        renames.setdefault(old, new)
        place += 3
    return renames


def follow(renames: Mapping[str, str], path: str, present: Collection[str]) -> str:
    """Return where a path is today, over several renames, or an empty string where it is nowhere."""
    for _ in range(_MOST_RENAMES):
        path = renames.get(path, "")
        if not path or path in present:
            return path
    return ""
