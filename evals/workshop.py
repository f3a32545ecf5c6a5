"""A place to draft in: a fresh copy of the cases' library, and an author."""

from __future__ import annotations

import json
import shutil
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from evals.dataset import Case, Dataset
from procauthor.authoring.draft import Draft
from procauthor.authoring.grounding import Evidence, document_texts
from procauthor.errors import ProcauthorError
from procauthor.project.project import Project

LIBRARY = Path(__file__).with_name("library.tar.gz")
CASES = Path(__file__).with_name("drafting.yaml")


def unpack(folder: Path) -> Path:
    """Unpack the fixed copy of the library, which cases and questions are about, into a folder; return it."""
    with tarfile.open(LIBRARY) as archive:
        archive.extractall(folder, filter="data")
    return folder


@dataclass(frozen=True, slots=True)
class Wish:
    """What an author is asked: a new procedure, or, with words, the change of a document."""

    title: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an update may change, what it has to say, and what it must not say any more."""

    sections: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drafted:
    """What came of a wish: a draft or an error, with what a draft may rest on."""

    draft: Draft | None
    error: str
    seconds: float
    evidence: Evidence


DraftCase = Case[Wish, Bounds]


def read_cases(file: Path = CASES) -> Dataset[Wish, Bounds]:
    """Read the cases of drafting."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    made = [Case(f"create {title}", Wish(title), Bounds()) for title in data.get("create", ())]
    made += [_update(entry) for entry in data.get("update", ())]
    return Dataset(file.stem, tuple(made))


def _update(entry: Mapping[str, Any]) -> DraftCase:
    parts: dict[str, tuple[str, ...]] = {name: tuple(entry.get(name, ())) for name in ("sections", "says", "silent")}
    wish = Wish(str(entry["title"]), str(entry["wish"]))
    return Case(f"update {wish.title}: {wish.words[:40]}", wish, Bounds(**parts))


@dataclass(frozen=True)
class Workshop:
    """A copy of the library with an author; drafts are made and never accepted."""

    project: Project
    model: str

    @classmethod
    @contextmanager
    def open(
        cls, model: str, settings: Mapping[str, Mapping[str, object]], prompts: Path | None = None
    ) -> Iterator[Workshop]:
        """Unpack the library, with tables of settings beside its own, and perhaps with prompts of its own."""
        with TemporaryDirectory() as folder:
            root = unpack(Path(folder))
            with (root / "procauthor.toml").open("a", encoding="utf-8") as file:
                file.writelines(_table(name, values) for name, values in settings.items() if values)
            if prompts:
                shutil.copytree(prompts, root / "prompts")
            yield cls(Project.open(root), model)

    def draft(self, case: DraftCase) -> Drafted:
        """Have the wish drafted; an author that fails is a result too."""
        author = self.project.author(self.model, fresh=True)
        start = time.perf_counter()
        draft, error = None, ""
        try:
            wish = case.input
            draft = author.update(wish.title, wish.words) if wish.words else author.create(wish.title)
        except ProcauthorError as failed:
            error = failed.message
        return Drafted(draft, error, time.perf_counter() - start, self._evidence(case.input))

    def _evidence(self, wish: Wish) -> Evidence:
        library = self.project.library()
        plan = self.project.workspace.own_plan(library)
        titles = [wish.title, *(procedure.title for procedure in library.procedures)]
        known = json.dumps(sorted(self.project.workspace.announced(library, plan)), ensure_ascii=False)
        return Evidence.of([*document_texts(library), wish.words, known], titles)


def _table(name: str, values: Mapping[str, object]) -> str:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    return f"\n[{name}]\n{lines}"
