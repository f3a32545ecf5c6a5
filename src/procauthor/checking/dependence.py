"""What the findings of a document were asked of others: only a change of one of these answers can change them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar
from zlib import crc32

from procauthor.checking.phrase import Nearest, Series, Titles
from procauthor.checking.scope import Scope
from procauthor.library.library import Library, Procedure

ALL = "all"
HEAD = "head"
NEAR = "near"
# One letter a kind of question, before what was asked for.
PATH = "p"
NAME = "n"
ID = "i"
LINKING = "l"
FILE = "f"
FOLDER = "d"
FILE_NAME = "b"
FOLDED = "c"
ANNOUNCED = "a"
REVIEW = "r"
_V = TypeVar("_V")


def question(kind: str, key: str = "") -> int:
    """Return the number by which a question is kept; that two have the same costs a look that was not needed."""
    return crc32(f"{kind}{key}".encode(errors="surrogatepass"))


class _Asked(Mapping[str, _V]):
    """A mapping that notes what is looked up in it; it is made when it is first needed."""

    def __init__(self, kind: str, asked: set[int], make: Callable[[], Mapping[str, _V]]) -> None:
        self._kind = kind
        self._asked = asked
        self._make = make

    @cached_property
    def _mapping(self) -> Mapping[str, _V]:
        return self._make()

    def __getitem__(self, key: str) -> _V:
        self._asked.add(question(self._kind, key))
        return self._mapping[key]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, and note that it was asked for."""
        self._asked.add(question(self._kind, key))
        return self._mapping.get(key, default)

    def __contains__(self, key: object) -> bool:
        self._asked.add(question(self._kind, str(key)))
        return key in self._mapping

    def __iter__(self) -> Iterator[str]:
        self._asked.add(question(ALL))
        return iter(self._mapping)

    def __len__(self) -> int:
        self._asked.add(question(ALL))
        return len(self._mapping)


class _AskedNames(Collection[str]):
    """The same for a set."""

    def __init__(self, kind: str, asked: set[int], names: Collection[str]) -> None:
        self._kind = kind
        self._asked = asked
        self._names = names

    def __contains__(self, name: object) -> bool:
        self._asked.add(question(self._kind, str(name)))
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        self._asked.add(question(ALL))
        return iter(self._names)

    def __len__(self) -> int:
        self._asked.add(question(ALL))
        return len(self._names)


class _AskedDocuments(Sequence[Procedure]):
    """The documents of a library: who goes through them asks for all."""

    def __init__(self, asked: set[int], documents: Sequence[Procedure]) -> None:
        self._asked = asked
        self._documents = documents

    def __getitem__(self, index: Any) -> Any:
        self._asked.add(question(ALL))
        return self._documents[index]

    def __iter__(self) -> Iterator[Procedure]:
        self._asked.add(question(ALL))
        return iter(self._documents)

    def __len__(self) -> int:
        self._asked.add(question(ALL))
        return len(self._documents)


class WatchedScope(Scope):
    """A scope that notes what is asked of it.

    Args:
        whole: The scope that knows the answers.
    """

    def __init__(self, whole: Scope) -> None:
        self.questions: set[int] = set()
        self.whole = whole
        super().__init__(self._library(whole.library), self._names_of(ANNOUNCED, whole.announced), whole.settings)
        self.subjects = ()

    def turn_to(self, procedure: Procedure) -> None:
        """Report on one document from now on, and forget what was asked for the one before."""
        super().turn_to(procedure)
        self.questions.clear()

    def _library(self, library: Library) -> Library:
        asked = self.questions
        documents: Any = _AskedDocuments(asked, library.procedures)
        files: Any = self._names_of(FILE, library.files)
        watched = replace(
            library, procedures=documents, files=files, reviews=_Asked(REVIEW, asked, lambda: library.reviews)
        )
        watched.__dict__["by_path"] = _Asked(PATH, asked, lambda: library.by_path)
        watched.__dict__["by_address"] = _Asked(PATH, asked, lambda: library.by_address)
        watched.__dict__["by_key"] = _Asked(NAME, asked, lambda: library.by_key)
        return watched

    def _names_of(self, kind: str, names: Collection[str]) -> _AskedNames:
        return _AskedNames(kind, self.questions, names)

    @cached_property
    def linking(self) -> Mapping[str, list[Procedure]]:
        """Documents by the paths that they link to."""
        return _Asked(LINKING, self.questions, lambda: self.whole.linking)

    @cached_property
    def ids(self) -> Mapping[str, tuple[Procedure, ...]]:
        """Documents by their id."""
        return _Asked(ID, self.questions, lambda: self.whole.ids)

    @cached_property
    def names(self) -> Mapping[str, tuple[Procedure, ...]]:
        """Documents by the keys of their names."""
        return _Asked(NAME, self.questions, lambda: self.whole.names)

    @cached_property
    def files_by_name(self) -> Mapping[str, list[str]]:
        """All files by their name, case folded."""
        return _Asked(FILE_NAME, self.questions, lambda: self.whole.files_by_name)

    @cached_property
    def files_folded(self) -> Mapping[str, list[str]]:
        """All files by their path, case folded."""
        return _Asked(FOLDED, self.questions, lambda: self.whole.files_folded)

    @property
    def titles(self) -> Titles:
        """The titles of what is kept: a new one is looked for in all texts, one that is gone was asked for by name."""
        return self.whole.titles

    @property
    def rule_series(self) -> Mapping[str, Series]:
        """The ids of rules: where these change, all is asked again."""
        return self.whole.rule_series

    @property
    def near_titles(self) -> Nearest:
        """The titles of procedures, to find the one that was meant."""
        self.questions.add(question(NEAR))
        return self.whole.near_titles

    def near_files(self, folder: str) -> Nearest:
        """The names of the files of a folder, to find the one that was meant."""
        self.questions.add(question(FOLDER, folder))
        return self.whole.near_files(folder)

    @property
    def renames(self) -> Mapping[str, str]:
        """Where git says that files went, by their path."""
        return self.whole.renames

    def renamed(self, path: str) -> str:
        """Return where git says that a missing file is today."""
        self.questions.add(question(HEAD))
        return super().renamed(path)

    def _ask(self, path: str) -> bool:
        self.questions.add(question(FILE, path))
        return super()._ask(path)
