"""The vectors on a real Chroma server."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import chromadb
import pytest
from chromadb.config import Settings

from procauthor import Project
from procauthor.errors import RetrievalError
from procauthor.retrieval.index import SectionIndex
from tests.retrieval.support import LIBRARY, cut
from tests.retrieval.test_index import ask

CHROMA = [sys.executable, "-c", "from chromadb.cli.cli import app; app()"]


class Server:
    """A Chroma server of this machine, in a folder and on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, name: str = "data") -> None:
        words = ["run", "--host", "127.0.0.1", "--port", str(self.port), "--path", str(self.folder / name)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*CHROMA, *words], stdout=log, stderr=log, cwd=self.folder)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 1)):
                return
            time.sleep(0.05)
        raise TimeoutError((self.folder / "log").read_text())

    def stop(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def sets(self) -> int:
        client = chromadb.HttpClient("127.0.0.1", self.port, settings=Settings(anonymized_telemetry=False))
        try:
            return len(client.list_collections())
        finally:
            client.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("chroma"))
    found.start()
    yield found
    found.stop()


def test_a_server_finds_what_the_folder_finds_and_each_index_keeps_its_own_vectors(
    tmp_path: Path, server: Server
) -> None:
    fewer = dict(list(LIBRARY.items())[1:])
    with SectionIndex.open(tmp_path / "folder") as index:
        index.sync(cut(LIBRARY))
        all_of_it = ask(index)
        index.sync(cut(fewer))
        less = ask(index)
    with (
        SectionIndex.open(tmp_path / "a", server=server.url) as a,
        SectionIndex.open(tmp_path / "b", server=server.url) as b,
    ):
        a.sync(cut(LIBRARY))
        assert ask(a) == all_of_it
        b.sync(cut(fewer))
        assert (ask(b), ask(a), server.sets) == (less, all_of_it, 2)
        a.sync(cut(fewer))
        assert (ask(a), server.sets) == (less, 2)
    assert not list((tmp_path / "a").glob("vectors-*"))


def test_a_server_that_lost_its_vectors_gets_them_again_and_one_that_is_down_is_named(
    tmp_path: Path, server: Server
) -> None:
    with SectionIndex.open(tmp_path, server=server.url) as index:
        index.sync(cut(LIBRARY))
        before = ask(index)
    server.stop()
    server.start("another")
    with SectionIndex.open(tmp_path, server=server.url) as index:
        index.sync(cut(LIBRARY))
        assert ask(index) == before
        server.stop()
        with pytest.raises(RetrievalError, match=r"the Chroma server at 'http://127.0.0.1:\d+' does not answer"):
            index.search("disk")
    server.start()


def test_what_a_server_that_was_down_did_not_get_is_sent_to_it_by_the_next_search(
    tmp_path: Path, server: Server
) -> None:
    with SectionIndex.open(tmp_path / "folder") as index:
        index.sync(cut(LIBRARY))
        expected = ask(index)
    with SectionIndex.open(tmp_path / "served", server=server.url) as index:
        index.sync(cut(dict(list(LIBRARY.items())[1:])))
        ask(index)
        server.stop()
        index.sync(cut(LIBRARY))
        with pytest.raises(RetrievalError):
            index.search("disk")
        server.start()
        assert ask(index) == expected


def test_the_setting_brings_a_library_to_the_server(root: Path, server: Server) -> None:
    local = [hit.chunk.id for hit in Project.open(root).search("who examines a design")]
    settings = root / "procauthor.toml"
    settings.write_text(f'{settings.read_text()}\n[retrieval]\nserver = "{server.url}"\n')
    held = server.sets
    assert [hit.chunk.id for hit in Project.open(root).search("who examines a design")] == local
    assert server.sets == held + 1
