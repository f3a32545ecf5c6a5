"""A real Postgres server for tests: started once, on a socket in a temporary folder, with a schema for each test."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MISSING = (
    "no Postgres server on this machine: install one (apt-get install postgresql), or put initdb and postgres in PATH"
)
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")


def find_program(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: float(p.parts[4]))
    place = shutil.which(name) or (places[-1] if places else None)
    return str(place) if place else pytest.skip(MISSING)


def owner() -> dict[str, object]:
    """Whom the server runs as: it refuses to be root."""
    if os.geteuid():
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return pytest.skip("Postgres does not run as root, and there is no other user")


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.who = owner()
        self.process: subprocess.Popen[bytes] | None = None
        self.count = 0

    def url(self, schema: str = "public") -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def prepare(self) -> None:
        if self.who:
            os.chown(self.folder, self.who["user"], self.who["group"])
        words = [find_program("initdb"), "-N", "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust"]
        words += ["-E", "UTF8", "--locale=C"]
        subprocess.run(words, check=True, capture_output=True, cwd=self.folder, **self.who)

    def start(self) -> None:
        psycopg = pytest.importorskip("psycopg", reason="the extra procauthor[workers] is not installed")
        words = [find_program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), "-h", ""]
        options = [part for option in QUICK for part in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*words, *options], stdout=log, stderr=log, cwd=self.folder, **self.who)
        end = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def rows(self, url: str, query: str) -> list[tuple[object, ...]]:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute(query.encode())
            return found.fetchall() if found.description else []

    def new_schema(self) -> str:
        self.count += 1
        name = f"test_{self.count}"
        self.rows(self.url(), f"create schema {name}")
        return self.url(name)


@contextmanager
def running() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = Server(folder)
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
