"""Random rewritings of a library, judged by another parser: only what was meant to change does.

``PROCAUTHOR_FUZZ`` says how many operations are done (default 20), ``PROCAUTHOR_FUZZ_SEED`` where they begin, and
``PROCAUTHOR_FUZZ_DATA`` a folder with further libraries as ``.tar.gz``.
"""

import os
import posixpath
import random
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from procauthor import Project
from procauthor.errors import ProcauthorError
from procauthor.library.change import Change
from procauthor.library.library import Procedure
from tests.rewriting.corpus import write_corpus
from tests.rewriting.rendering import front, rendered, targets

COUNT = int(os.environ.get("PROCAUTHOR_FUZZ", "20"))
SEED = int(os.environ.get("PROCAUTHOR_FUZZ_SEED", "1"))
DATA = Path(os.environ.get("PROCAUTHOR_FUZZ_DATA", "/nowhere"))
_NAMES = re.compile("'.*?'|\".*?\"|[^ ]*[.]md(:[0-9]+)?")
_WORD = re.compile(r"[^\W_]+")
_TITLES = ("Zebra {n} Procedure", "C++ & F# {n} Procedure", "Node.js {n} Orchestration", "A/B *star* {n}", "Zulu_{n}_x")


class Judge:
    """Compares documents before and after one change."""

    def __init__(self, change: Change, names: list[str]) -> None:
        self.edits = [e for e in change.edits if not e.quiet and e.path.endswith(".md")]
        self.before = {e.path: e.before for e in self.edits}
        self.names = {word for name in names for word in (*_words(name), *_words(name.replace("%", " ")))}

    def pairs(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield the old and the new text of each document that stays one."""
        moved = {e.origin for e in self.edits if e.origin}
        for edit in self.edits:
            before = self.before[edit.origin] if edit.origin else edit.before
            if before is not None and edit.after is not None and edit.path not in moved:
                yield edit.path, before, edit.after

    def words(self, *, tables: bool = False) -> None:
        """Words that come or go belong to names; marks, code and HTML stay as they are."""
        for path, before, after in self.pairs():
            if tables and "|---|" in before.decode():
                continue
            old, new = rendered(before), rendered(after)
            tags, others = (["" if "html" in c else c for k, c in each if k == "tag"] for each in (old, new))
            assert tags == others, (path, _first(tags, others))
            gone, come = (Counter(w for _, content in each for w in _words(content)) for each in (old, new))
            strange = {w for w in (gone - come) + (come - gone) if w not in self.names}
            assert not strange, (path, strange)

    def metadata(self) -> None:
        for path, before, after in self.pairs():
            old, new = front(before), front(after)
            if old is None:
                continue
            assert new is not None, path
            assert list(old) == list(new), path
            for key, value in old.items():
                changed = Counter(_words(str(value)))
                changed.subtract(Counter(_words(str(new[key]))))
                assert all(word in self.names for word, count in changed.items() if count), (path, key, value, new[key])

    def links(self, there: set[str]) -> None:
        """A link that led to a file still does."""
        home = {e.origin or e.path: e.path for e in self.edits}
        after = (there - {e.path for e in self.edits if e.after is None}) | {
            e.path for e in self.edits if e.after is not None
        }
        for path, before, text in self.pairs():
            old = next((o for o, n in home.items() if n == path), path)
            led = sum(_leads(old, t, there) for t in targets(before))
            leads = sum(_leads(path, t, after) for t in targets(text))
            assert leads >= led, (path, [t for t in targets(text) if not _leads(path, t, after)])


def _words(text: str) -> list[str]:
    return [w.casefold() for w in _WORD.findall(unquote(text))]


def _first(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    place = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return old[place - 1 : place + 3], new[place - 1 : place + 3]


def _leads(source: str, target: str, there: set[str]) -> bool:
    path = unquote(re.split(r"[?#]", target, maxsplit=1)[0])
    if not path or re.match(r"[a-z]+:", path):
        return False
    base = "" if path.startswith("/") else posixpath.dirname(source)
    return posixpath.normpath(posixpath.join(base, path.lstrip("/"))) in there


class Play:
    """One library and its random operations."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.random = random.Random(seed)
        self.project = Project.open(root)
        self.outcomes: Counter[str] = Counter()

    def step(self, number: int, *, apply: bool) -> None:
        library = self.project.library()
        left_out = ("index", "readme", "plan", "template", "alias", "deprecated")
        documents = [p for p in library.procedures if p.kind not in left_out and p.status not in left_out]
        one, other = self.random.sample(documents, 2)
        play: Callable[[Procedure, Procedure, int], Change] = self.random.choice(
            (self.rename, self.rename, self.move, self.file, self.merge, self.split, self.deprecate, self.renumber)
        )
        self.there = set(library.files)
        self.names: list[str] = []
        try:
            change = play(one, other, number)
        except ProcauthorError as error:
            why = _NAMES.sub("…", error.message)[:70]
            self.outcomes[f"{play.__name__} refused: {why}"] += 1
            return
        except AssertionError as error:
            message = f"{play.__name__} {one.path} {other.path}: {error}"
            raise AssertionError(message) from error
        self.outcomes[play.__name__] += 1
        if apply:
            self.project.apply(change)

    def rename(self, one: Procedure, _other: Procedure, number: int) -> Change:
        title = self.random.choice(_TITLES).format(n=number)
        change = self.project.refactor.rename(one.path, title, alias=self.random.random() < 0.5)
        self._judge(change, [one.title, one.path, one.id, title, *(e.path for e in change.edits)])
        return change

    def move(self, one: Procedure, _other: Procedure, number: int) -> Change:
        change = self.project.refactor.move(one.path, f"new place {number % 3}")
        self._judge(change, [one.path, *(e.path for e in change.edits)])
        return change

    def file(self, one: Procedure, _other: Procedure, number: int) -> Change:
        change = self.project.refactor.move(
            one.path, posixpath.join(posixpath.dirname(one.path), f"f#{number}%20 (x).md")
        )
        self._judge(change, [one.path, one.id, *(e.path for e in change.edits)])
        return change

    def merge(self, one: Procedure, other: Procedure, _number: int) -> Change:
        change = self.project.refactor.merge(one.path, other.path)
        after = next(e.after for e in change.edits if e.path == other.path)
        assert after is not None
        blocks = Counter(_blocks(other.source.raw)) + Counter(_blocks(one.source.raw))
        lost = blocks - Counter(_blocks(after))
        assert not lost, (one.path, other.path, lost)
        return change

    def split(self, one: Procedure, _other: Procedure, number: int) -> Change:
        headings = [h for h in one.headings if h.level > 1 and not h.nested]
        if not headings:
            return Change(())
        change = self.project.refactor.split(
            one.path, ["#" + self.random.choice(headings).slug], f"Part {number} Procedure"
        )
        made = [e.after for e in change.edits if e.after is not None and (e.before is None or e.path == one.path)]
        left: Counter[str] = Counter()
        for text in made:
            left += Counter(_blocks(text))
        assert not Counter(_blocks(one.source.raw)) - left, one.path
        return change

    def deprecate(self, one: Procedure, other: Procedure, _number: int) -> Change:
        change = self.project.refactor.deprecate(one.path, other.path)
        rest = Change(tuple(e for e in change.edits if e.path != one.path))
        self._judge(rest, [one.title, other.title, one.path, other.path, one.id, other.id])
        return change

    def renumber(self, one: Procedure, _other: Procedure, _number: int) -> Change:
        change = self.project.refactor.renumber(one.path)
        self._judge(change, [str(n) for n in range(1000)])
        return change

    def _judge(self, change: Change, names: list[str]) -> None:
        judge = Judge(change, [*names, "a an the", "Deprecated", "Alias", "Defined", "progress", "In", "Placeholder"])
        judge.words(tables=True)
        judge.metadata()
        judge.links(self.there)


def _blocks(raw: bytes) -> Iterator[str]:
    return (entry for _, entry in rendered(raw) if entry.startswith(("fence", "code_block", "html_block")))


def test_random_rewritings_change_only_names_and_places(tmp_path: Path) -> None:
    for round_ in range((COUNT + 9) // 10):
        play = Play(write_corpus(tmp_path / str(round_)), SEED + round_)
        for number in range(10):
            play.step(number, apply=True)
        settle(play.root)


def settle(root: Path) -> None:
    """`sync` and `check --fix` keep what is said, and a second one has nothing left to do."""
    project = Project.open(root)
    change = project.sync()
    judge = Judge(change, [p.title + p.path + p.lifecycle for p in project.library().procedures])
    judge.metadata()
    judge.links(set(project.library().files))
    project.apply(change)
    assert not project.sync().edits
    fixes, _ = project.fix()
    fixed = Judge(fixes, [])
    for path, before, after in fixed.pairs():
        texts = ("".join(content for kind, content in rendered(each) if kind == "text") for each in (before, after))
        assert len(set(texts)) == 1, path
    fixed.metadata()
    project.apply(fixes)
    assert not project.fix()[0].edits


@pytest.mark.skipif(not DATA.is_dir(), reason="no further libraries")
def test_random_rewritings_of_other_libraries(tmp_path: Path) -> None:
    for archive in sorted(DATA.glob("*.tar.gz")):
        folder = tmp_path / archive.name.partition(".")[0]
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
        (folder / "procauthor.toml").write_text('[templates]\n"**/*.md" = ""\n')
        play = Play(folder, SEED)
        for number in range(COUNT):
            play.step(number, apply=False)
        settle(folder)
