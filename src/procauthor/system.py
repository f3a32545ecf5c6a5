"""What differs between operating systems, and between installations.

Locks, flags and modes of files, renaming, processes, standard streams. Where shipped files are, and which release.
"""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

from procauthor.data import unpacked
from procauthor.errors import LockedError
from procauthor.regex import lazy

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_streams() -> None:
    """Open what the caller has closed, so that no file of ours gets its number; write UTF-8 where Windows would not."""
    for name, mode in _STREAMS:
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process runs
        elif os.name == "nt" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace" if mode == "w" else "strict")


def close_stdout() -> None:
    """Let what is still to be written to standard output go nowhere, because it cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_PAUSE = 0.02


@contextmanager
def hold(file: Path, patience: float, message: str, hint: str = "try again when it is done") -> Iterator[None]:
    """Hold a lock on a file, which is made if need be and never removed.

    The death of the process gives the lock back.

    Args:
        file: The file.
        patience: Seconds to wait for another process.
        message: What the error says.
        hint: What it advises.

    Raises:
        LockedError: Another process still held it when the patience was over.
        OSError: The file cannot be made or opened.
    """
    until = time.monotonic() + patience
    with ExitStack() as lock:
        take = _lock_of(file, lock)
        while not take():
            if time.monotonic() >= until:
                raise LockedError(message, hint)
            time.sleep(_PAUSE)
        yield


def _lock_of(file: Path, release: ExitStack) -> Callable[[], bool]:
    """Return what takes the lock of a file, unless another process has it; it is given back at the end of a stack."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        # Elsewhere the package knows the ways. To load it takes as long as many a command takes for its work.
        from filelock import FileLock, Timeout

        lock = FileLock(file, blocking=False)
        release.callback(lock.release)
        return lambda: _succeeds(lock.acquire, Timeout)
    handle = os.open(file, _LOCK, 0o644)
    release.callback(os.close, handle)
    return lambda: _succeeds(partial(flock, handle, LOCK_EX | LOCK_NB), BlockingIOError)


def _succeeds(take: Callable[[], object], held: type[OSError]) -> bool:
    try:
        take()
    except held:
        return False
    return True


READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Read the bytes as they are, and do not wait: a pipe or a device is no file."""
READ_NO_LINK = READ | getattr(os, "O_NOFOLLOW", 0)
"""The same, and open no link."""
WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
"""Write a file from its beginning."""
_LOCK = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


def set_mode(handle: int, mode: int) -> None:
    """Give an open file permission bits, on systems that have them."""
    if hasattr(os, "fchmod"):
        os.fchmod(handle, mode)


def own_as(handle: int, like: Path) -> None:
    """Give an open file the owner of another one, where this may be done."""
    if hasattr(os, "fchown"):
        owner = like.stat()
        with suppress(PermissionError):
            os.fchown(handle, owner.st_uid, owner.st_gid)


def flush_folder(folder: Path) -> None:
    """Flush a folder to the disk, so that a renaming in it outlives a power cut; Windows opens no folder.

    Raises:
        OSError: The disk refuses.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return
    except PermissionError:
        if os.name == "nt":
            return
        raise
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_being_written(handle: int) -> bool:
    """Say whether any program has a file open for writing: then Linux grants no lease on it; others cannot say."""
    if sys.platform != "linux":
        return False
    try:
        import fcntl
    except ImportError:
        return False
    try:
        # Who breaks a lease sends a signal; this one is ignored by default.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with suppress(OSError):
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


_AT_FDCWD = -100
_NO_REPLACE = 1
_EXCHANGE = 2
_UNKNOWN = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM})
_OLD = ".old"


def move_to_gap(new: Path, place: Path) -> None:
    """Move a file to a place where there is none.

    Raises:
        FileExistsError: There is one.
        OSError: The disk refuses.
    """
    try:
        _rename(new, place, _NO_REPLACE)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        _move_by_name(new, place)


def exchange(new: Path, place: Path) -> None:
    """Let two files of one disk change places.

    Raises:
        FileNotFoundError: There is none at the place.
        FileExistsError: Another one was saved meanwhile and is in the place now; the old one is `put_aside`.
        OSError: The disk refuses.
    """
    try:
        _rename(new, place, _EXCHANGE)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        old = put_aside(new)
        os.replace(place, old)
        _move_by_name(new, place)
        os.replace(old, new)


def put_aside(new: Path) -> Path:
    """Return where the old file is for a moment while a new one takes its place."""
    return new.with_name(new.name + _OLD)


def _move_by_name(new: Path, place: Path) -> None:
    """Move a file to an empty place by a second name: it fails where another process was quicker."""
    try:
        _link(new, place)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        # A disk without second names leaves a moment between the look and the renaming.
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from error
        os.rename(new, place)
    else:
        new.unlink()


def _link(new: Path, place: Path) -> None:
    if os.link in os.supports_follow_symlinks:
        os.link(new, place, follow_symlinks=False)
    else:
        os.link(new, place)


def _rename(source: Path, target: Path, flag: int) -> None:
    import ctypes

    call = _renameat2()
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    sys.audit("os.rename", str(source), str(target), -1, -1)
    if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flag):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(target))


@cache
def _renameat2() -> Any:
    """Return the call of Linux that does both in one step, or None."""
    import ctypes

    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None


_T = TypeVar("_T")
# A process takes about as long to begin as these many files to read.
_WORTH_SHARING = 300
_MOST = 8
# A process takes at least so many at a time. All the numbers of their parts fit into one write, which is not cut.
_FEW = 4
# So many paths are taken at once at most, unless there are very many, and each process takes some about so often.
_MANY = 32
_PARTS = 128
_NUMBER = 4
_ONE_WRITE = 4096
_AT_ONCE = 1 << 20
_INTERRUPT = frozenset({signal.SIGINT})


@contextmanager
def without_collection() -> Iterator[None]:
    """Look for no cycles: what is made of documents has none, and to look for them takes a fifth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def share(paths: Sequence[str], work: Callable[[Sequence[str]], Iterable[_T]], kind: Any) -> Iterator[_T]:
    """Yield what the work makes of each path, in any order.

    Where there are many paths, child processes work on them too and send what they made. Each takes the next few when
    it is done with its last ones, so that all end at the same time. What a child does not send, for whatever reason, is
    made here; so the outcome does not depend on them.

    Args:
        paths: What to work on.
        work: Makes a value of each of some paths, in their order; it must not depend on the paths before.
        kind: The type of the values, for msgspec.
    """
    queue = _Queue(len(paths), _workers(len(paths)))
    owed = dict.fromkeys(range(len(paths)))
    children: list[_Child] = []

    def settled(child: _Child, *, wait: bool) -> Iterator[_T]:
        for place, value in child.receive(wait=wait):
            del owed[place]
            yield value

    with without_collection():
        try:
            children += (_Child(queue, number, paths, work, kind) for number in range(1, queue.workers))
            for place, value in _worked(queue.take(0), paths, work):
                del owed[place]
                yield value
                for child in children:
                    yield from settled(child, wait=False)
            for child in children:
                yield from settled(child, wait=True)
            yield from work([paths[place] for place in owed])
        finally:
            for child in children:
                child.end()
            queue.close()


def _worked(
    parts: Iterable[range], paths: Sequence[str], work: Callable[[Sequence[str]], Iterable[_T]]
) -> Iterator[tuple[int, _T]]:
    """Yield what the work makes of the paths in some parts, each with its place."""
    for part in parts:
        yield from zip(part, work(paths[part.start : part.stop]), strict=True)


def _workers(files: int) -> int:
    """Return the number of processes, this one included. One that has threads must not be copied."""
    if files < _WORTH_SHARING or sys.platform != "linux" or _has_threads():
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), _MOST, files // (_WORTH_SHARING // 2)))


def _has_threads() -> bool:
    """Say whether there are threads: Python's own, or those of a native library."""
    if threading.active_count() > 1 or threading.current_thread() is not threading.main_thread():
        return True
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return True


class _Queue:
    """Hands out places, a few at a time, to several processes: through a pipe that all of them read.

    Args:
        size: How many places there are.
        workers: How many processes work on them, this one included.
    """

    def __init__(self, size: int, workers: int) -> None:
        self.workers = 1
        self._size = size
        self._few = max(1, size)
        self._reader = -1
        if workers > 1:
            with suppress(OSError):
                self._reader, writer = os.pipe()
                self.workers = workers
                self._few = max(_FEW, min(_MANY, size // _PARTS), -(-size * _NUMBER // _ONE_WRITE))
                parts = range(workers, -(-size // self._few))
                os.write(writer, b"".join(part.to_bytes(_NUMBER) for part in parts))
                os.close(writer)

    def take(self, first: int) -> Iterator[range]:
        """Yield the places of one process: the first part is its own, any other belongs to the one that takes it."""
        part = first
        while part >= 0:
            yield range(part * self._few, min(self._size, (part + 1) * self._few))
            told = os.read(self._reader, _NUMBER) if self._reader >= 0 else b""
            part = int.from_bytes(told) if told else -1

    def close(self) -> None:
        """Let go of the pipe."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1


class _Child:
    """A copy of this process that works on some of the paths."""

    def __init__(
        self,
        queue: _Queue,
        number: int,
        paths: Sequence[str],
        work: Callable[[Sequence[str]], Iterable[Any]],
        kind: Any,
    ) -> None:
        import msgspec

        self._encode = msgspec.msgpack.Encoder().encode
        self._kind = kind
        self._errors = msgspec.MsgspecError
        self._unread = bytearray()
        self._pid = 0
        self._reader = -1
        try:
            reader, writer = os.pipe()
        except OSError:
            return
        # An interrupt must not find the copy half-way between this process's duties and its own.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)
        try:
            self._pid = os.fork()
            if self._pid == 0:
                # Where nobody reads any more, to send has to fail.
                os.close(reader)
                self._run(_worked(queue.take(number), paths, work), writer, blocked)
            self._reader = reader
        except OSError:
            os.close(reader)
        finally:
            os.close(writer)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _run(self, made: Iterator[tuple[int, Any]], writer: int, blocked: set[int]) -> NoReturn:
        """Work, send, and end without any of what this process would do at its end."""
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            with os.fdopen(writer, "wb") as out:
                for place, value in made:
                    raw = self._encode(value)
                    out.write(place.to_bytes(_NUMBER) + len(raw).to_bytes(_NUMBER) + raw)
            code = 0
        finally:
            os._exit(code)

    def receive(self, *, wait: bool) -> Iterator[tuple[int, Any]]:
        """Yield what the child made, each with its place: what is there, or after a wait all that is left."""
        try:
            while part := self._read(wait=wait):
                self._unread += part
                for place, raw in self._whole():
                    yield place, unpacked(raw, self._kind)
        except self._errors:
            self.end()

    def _read(self, *, wait: bool) -> bytes:
        if self._reader < 0:
            return b""
        os.set_blocking(self._reader, wait)
        try:
            part = os.read(self._reader, _AT_ONCE)
        except BlockingIOError:
            return b""
        if not part:
            os.close(self._reader)
            self._reader = -1
        return part

    def _whole(self) -> Iterator[tuple[int, bytearray]]:
        """Yield the values that have come whole, and keep the rest."""
        start, unread = 0, self._unread
        while len(unread) >= (begin := start + 2 * _NUMBER):
            end = begin + int.from_bytes(unread[start + _NUMBER : begin])
            if end > len(unread):
                break
            yield int.from_bytes(unread[start : start + _NUMBER]), unread[begin:end]
            start = end
        del unread[:start]

    def end(self) -> None:
        """Stop the child, if its output was not read, and wait for it."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1
            with suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
        if self._pid:
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            self._pid = 0


NO_FILE = "it is a pipe or a device, and no file"


def read_regular(place: str | Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        OSError: There is none, it cannot be read, or it is a folder, a pipe or a device.
    """
    handle = os.open(place, READ)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, NO_FILE, str(place))
        # A file object costs more than to read a document.
        parts: list[bytes] = []
        while part := os.read(handle, status.st_size + 1):
            parts.append(part)
            if len(part) == status.st_size:
                break
        return b"".join(parts)
    finally:
        os.close(handle)


# File systems of which all changes are made through this system. Of others, such as network drives, it tells a part.
_LOCAL = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "overlay"})
_NUMBERED = lazy(r"\\([0-7]{3})")


def tells_all_changes(folder: Path) -> bool:
    """Say whether the system tells of all changes in a folder: on Linux, where that and all below it is of here."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    kinds = dict(map(_read_mount, lines))
    place = os.path.realpath(folder)
    under = max((mount for mount in kinds if f"{place}/".startswith(f"{mount.rstrip('/')}/")), key=len, default="")
    below = (mount for mount in kinds if mount.startswith(f"{place.rstrip('/')}/"))
    return all(kinds.get(mount) in _LOCAL for mount in (under, *below))


def _read_mount(line: str) -> tuple[str, str]:
    """Return where something is mounted, and its kind; a space in a path is written as its number."""
    before, _, behind = line.partition(" - ")
    return _NUMBERED.sub(lambda match: chr(int(match[1], 8)), before.split(" ")[4]), behind.split(" ")[0]


_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def shipped(kind: Literal["prompts", "templates"]) -> Path:
    """Return the directory of shipped files of this kind.

    An installed wheel holds it inside the package; a checkout holds it at the top level.
    """
    for root in (_PACKAGE, _CHECKOUT):
        if (root / kind).is_dir():
            return root / kind
    msg = f"procauthor was installed without its {kind!r} directory"
    raise RuntimeError(msg)


_WHOLE, _LIGHT = "procauthor", "procauthor-light"


def release() -> str:
    """Return the version that is installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(_WHOLE)
    except PackageNotFoundError:
        return version(_LIGHT)


def install_hint(extra: str = "") -> str:
    """Say how to install what is missing: an extra of this distribution, or what only the whole one brings."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(_WHOLE)
    except PackageNotFoundError:
        if extra:
            return f'install it with: pip install "{_LIGHT}[{extra}]"'
        return f"{_LIGHT} leaves it out; pip uninstall {_LIGHT}, then pip install {_WHOLE}"
    return f'install it with: pip install "{_WHOLE}[{extra}]"' if extra else f"install it with: pip install {_WHOLE}"
