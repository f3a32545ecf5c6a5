"""The ground that all services share: where a library is, how it is set up, and the questions that all of them ask."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

import msgspec

from procauthor.checking.check import check
from procauthor.checking.recall import Recall, remember
from procauthor.checking.scope import Scope
from procauthor.checking.survey import FILE_NAME as MEMORY
from procauthor.checking.survey import Surveyed, Surveyor
from procauthor.data import keep, unpacked
from procauthor.errors import LibraryError, NoPlanError, PlanError, StaleError
from procauthor.finding import Finding, Report
from procauthor.library.change import Change, Edit
from procauthor.library.derive import derive
from procauthor.library.disk import leads_out
from procauthor.library.index import known_statuses, missing_titles
from procauthor.library.library import LEADS_OUT, Library, Procedure, read_procedure
from procauthor.library.state import open_state
from procauthor.library.transaction import STATE, apply, recover
from procauthor.naming import list_first, title_key
from procauthor.procedure import DONE, Status
from procauthor.settings import Location, RetrievalSettings, Settings
from procauthor.settings import locate as find_root
from procauthor.system import read_regular, without_collection
from procauthor.template.read import TemplateStore

# To check a library without a plan needs nothing of planning, and nothing of the search.
if TYPE_CHECKING:
    from procauthor.planning.plan import Plan
    from procauthor.planning.tick import Left
    from procauthor.retrieval.chunk import Chunk
    from procauthor.retrieval.index import SectionIndex


@lru_cache(maxsize=32)
def recall_plan(raw: bytes) -> Plan:
    """Read a plan by itself, and remember it."""
    from procauthor.planning.read import read_plan

    return read_plan(raw)


def _try_plan(raw: bytes, known: Mapping[str, str]) -> Plan | None:
    from procauthor.planning.read import read_plan

    with suppress(PlanError, LibraryError):
        return read_plan(raw, known=known)
    return None


def _titles_of_plan(raw: bytes) -> list[str]:
    with suppress(PlanError, LibraryError):
        return [item.title for item in recall_plan(raw).items]
    return []


# What checking does not need is imported where it is: it would take longer to load than a small library to check.


_SHOWN = 5
_PASSES = 3
_T = TypeVar("_T")
# So many documents that are not on disk, and libraries with one of them, are known at a time.
_LAID = 8
_FEW = 16
_PLANNED = "planned"
_PLAN = "plan"
_TICKED = "ticked"
_NOTHING = msgspec.msgpack.encode(None)


def unless_stale(make: Callable[[], _T]) -> _T:
    """Return what is made of a library; where a document changes meanwhile, make it again, a few times."""
    for _ in range(_PASSES):
        with suppress(StaleError):
            return make()
    return make()


class Workspace:
    """A library on disk. It knows nothing of the services that are built upon it.

    Attributes:
        root: The folder of the library.
        file: The file that the settings came from, if there is one.
        settings: The settings.
        state: The folder for what the program keeps for itself.
        templates: The templates, those of the library first.
        notices: What is to be said to the user besides the result, in whole sentences.
    """

    def __init__(self, location: Location) -> None:
        self.root = location.root
        self.settings: Settings = location.settings
        self.file = location.file
        self.state = self.root / STATE
        self.notices: list[str] = []
        self._told: set[str] = set()
        folders = self.own_folder("templates")
        self.templates = TemplateStore(folders, self.settings.templates, self.settings.sections.synonyms)
        self._surveyor = Surveyor(self.root, self.state, self.settings, self.templates)
        self._survey: Surveyed | None = None
        self._index: tuple[SectionIndex, Library] | None = None
        self._judged: Surveyed | None = None
        self._unwritten = False
        self._parsed: OrderedDict[tuple[str, bytes], Procedure] = OrderedDict()
        self._derived: deque[tuple[Library, bytes, Library]] = deque(maxlen=_LAID)
        self._lock = RLock()

    @classmethod
    def open(cls, path: str | Path = ".") -> Workspace:
        """Open the library of a folder: the nearest parent with settings, else the folder itself.

        State that was not written here is set aside, and a change that a crash cut off is taken back; both are named
        in ``notices``.

        Raises:
            ConfigError: The folder does not exist, or its settings are wrong.
        """
        workspace = cls(find_root(Path(path)))
        workspace.state, notices = open_state(workspace.root)
        workspace._surveyor.state = workspace.state
        workspace.notices += notices
        workspace.templates.refuse_unknown()
        workspace.notices += workspace.templates.idle_synonyms()
        workspace._recover()
        return workspace

    def own_folder(self, name: str) -> tuple[Path, ...]:
        """Return a folder of the library's own files, if it is there; one that is a link out of it does not count."""
        folder = self.root / name
        if not folder.is_dir():
            return ()
        if leads_out(self.root, folder):
            self.tell(f"{name} is a link that leads out of the library, so nothing in it counts")
            return ()
        return (folder,)

    def tell(self, notice: str) -> None:
        """Add a sentence to ``notices``, if it was not said before."""
        if notice not in self._told:
            self._told.add(notice)
            self.notices.append(notice)

    def name_strangers(self) -> None:
        """Tell which entries of the history were not written here, or are damaged."""
        from procauthor.library.history import read_strangers

        for name in read_strangers(self.state):
            self.tell(f"{STATE}/history/{name} was not written here, or is damaged, so it is left out")

    def _recover(self) -> None:
        recovery = recover(self.root, self.state)
        if recovery is None:
            return
        if recovery.foreign:
            where = recovery.foreign
            self.tell(f"a journal was not written here, or is damaged, so it counts for nothing: see {where}")
            return
        files = list_first(recovery.restored, _SHOWN) or "no file had been written yet"
        self.notices.append(f"took back {recovery.title or 'a change'!r}, which had been cut off: {files}")
        if recovery.kept:
            kept = list_first(recovery.kept, _SHOWN)
            self.notices.append(f"left as they are, because they were edited since: {kept}")

    # Reading

    def read(self) -> Library:
        """Return the documents as they are now: from memory, and from the disk what has changed since.

        The text of a document is read when it is asked for. If it has changed by then, that is a `StaleError`: what
        is known of the document and its text would not be of one time.
        """
        return self.survey().library

    def survey(self) -> Surveyed:
        """Read the library, with what is remembered of it."""
        with self._lock:
            self._remember(_FEW)
            for _ in range(_PASSES):
                with suppress(StaleError, msgspec.MsgspecError):
                    return self._take(self._surveyor.survey())
                self._surveyor.forget()
            return self._take(self._surveyor.survey())

    def _take(self, survey: Surveyed) -> Surveyed:
        if survey is not self._survey:
            # A check writes it down with what it finds; else that is done before a later reading, or at the end.
            self._unwritten = True
        self._survey = survey
        for unread in survey.library.unread:
            if unread.reason == LEADS_OUT:
                self.tell(f"{unread.path!r} is no document of the library: {LEADS_OUT}")
        return survey

    def _remember(self, few: int = 0) -> None:
        """Write down what was read, unless it is only a few documents: that would take longer than to read them."""
        survey = self._survey
        if survey is None:
            return
        if self._unwritten and (len(survey.fresh | survey.gone) >= few or not survey.memory.records):
            self._unwritten = False
            with suppress(StaleError, msgspec.MsgspecError):
                remember(survey)
        survey.keep_told()

    def take_over(self, other: Workspace) -> None:
        """Know what another one of the same library has read, if it was set up in the same way; that one is closed."""
        with self._lock, other._lock:
            if self.root == other.root and self._surveyor.is_like(other._surveyor):
                self._surveyor, other._surveyor = other._surveyor, self._surveyor
                self._survey, self._judged = other._survey, other._judged
                self._unwritten, self._index = other._unwritten, other._index
                other._survey = other._index = None
        other.close()

    def release(self) -> None:
        """Write down what was read, and let go of all files until the next question; what is in memory stays there."""
        with self._lock:
            self._remember()
            if self._survey is not None:
                self._survey.memory.close()
            if self._index is not None:
                self._index[0].release()

    def close(self) -> None:
        """Write down what was read, and let go of all files. What is asked for afterwards opens them again."""
        with self._lock:
            self.release()
            self._surveyor.rest()
            if self._index is not None:
                self._index[0].close()
                self._index = None

    def parse(self, path: str, raw: bytes) -> Procedure:
        """Read some bytes as the document that they would be at a path; the last few are remembered."""
        with self._lock:
            read = partial(read_procedure, path, raw, self.settings, self.templates)
            return keep(self._parsed, (path, raw), read, _LAID)

    def with_text(self, library: Library, path: str, raw: bytes) -> Library:
        """Return the library as it would be with other bytes at one path."""
        return library.overlay(self.parse(path, raw))

    def with_edits(self, library: Library, edits: Iterable[Edit]) -> Library:
        """Return the library as it would be with some edits written."""
        texts: Mapping[str, bytes | None] = {edit.path: edit.after for edit in edits}
        gone = frozenset(path for path, raw in texts.items() if raw is None)
        kept = library.without(gone) if gone else library
        return kept.overlay(*(self.parse(path, raw) for path, raw in texts.items() if raw is not None))

    def plan_bytes(self, file: str | Path | None = None) -> bytes:
        """Return an action plan as it is on disk: the given file, else the one in the settings.

        Args:
            file: Its path, which counts from here, then from the root of the library.

        Raises:
            PlanError: There is no such file.
        """
        here = Path(file or self.settings.library.plan)
        place = here if file and here.exists() else self.root / here
        if leads_out(self.root, place):
            message = f"{str(file or self.settings.library.plan)!r} is no plan: {LEADS_OUT}"
            raise PlanError(message, "name the file of an action plan")
        if file and self._is_procedure(place):
            # Its steps may read like items, and are none.
            message = f"{str(file)!r} is a procedure, and no plan"
            raise PlanError(message, "name the file of an action plan")
        try:
            return read_regular(place)
        except OSError as error:
            name = str(file or self.settings.library.plan)
            if not file and isinstance(error, FileNotFoundError):
                message = f"there is no plan yet: {name!r} does not exist"
                raise NoPlanError(message, "make one from the gaps with: procauthor plan --write") from error
            message = f"{name!r} cannot be read: {error.strerror}"
            raise PlanError(message, "name the file of an action plan") from error

    def _is_procedure(self, place: Path) -> bool:
        root, file = self.root.resolve(), place.resolve()
        if not file.is_relative_to(root):
            return False
        path = file.relative_to(root).as_posix()
        return any(each.path == path and each.contract.steps for each in self.read().procedures)

    def plan(self, file: str | Path | None = None, library: Library | None = None) -> Plan:
        """Read an action plan: the given file, else the one in the settings.

        Raises:
            PlanError: There is no such file, or it holds no plan.
        """
        from procauthor.planning.read import read_plan

        return read_plan(self.plan_bytes(file), known=self.statuses(library or self.read()))

    def own_plan(self, library: Library) -> Plan | None:
        """Return the plan in the settings, or None where there is none that can be read."""
        raw = self._own_plan_bytes(library)
        if not raw:
            return None
        known = known_statuses(library)
        grounds = msgspec.msgpack.encode((raw, known))
        kept = self._once(library, _PLAN, grounds, lambda: msgspec.msgpack.encode(_try_plan(raw, known)))
        from procauthor.planning.plan import Plan

        return None if kept == _NOTHING else unpacked(kept, Plan)

    def announced(self, library: Library, plan: Plan | None = None) -> dict[str, str]:
        """Return titles that a plan or the index announces without a document, by key.

        Args:
            library: The library.
            plan: The plan, where it was read before.
        """
        titles = {key: entry.title for key, entry in missing_titles(library).items()}
        planned = [item.title for item in plan.items] if plan else self._planned(library)
        titles |= {title_key(title): title for title in planned}
        return {key: title for key, title in titles.items() if key not in library.by_key}

    def _planned(self, library: Library) -> list[str]:
        """Return the titles of the plan in the settings."""
        raw = self._own_plan_bytes(library)
        if not raw:
            return []
        kept = self._once(library, _PLANNED, raw, lambda: msgspec.msgpack.encode(_titles_of_plan(raw)))
        return unpacked(kept, list[str])

    def _own_plan_bytes(self, library: Library) -> bytes:
        """Return the plan in the settings; nothing where there is none that can be read."""
        present = library.by_path.get(self.settings.library.plan)
        file = self.root / self.settings.library.plan
        with suppress(LibraryError, OSError):
            if present is not None:
                return present.source.raw
            return read_regular(file) if file.is_file() else b""
        return b""

    def _once(self, library: Library, name: str, grounds: bytes, make: Callable[[], bytes]) -> bytes:
        """Make something of a plan, which takes long: of that on disk it is remembered."""
        base, path = self._survey, self.settings.library.plan
        if base is None or library.by_path.get(path) is not base.library.by_path.get(path):
            return make()
        return base.memory.once(name, grounds, make)

    def open_index(self, library: Library) -> SectionIndex:
        """Open the search index and bring it up to date with a library; who asked for it closes it."""
        index, notice = open_index(self.state / "index", self.settings.retrieval, library)
        if notice:
            self.notices.append(notice)
        return index

    def index(self, library: Library) -> SectionIndex:
        """Return the search index of a library. It stays open for the next question, until `close`."""
        with self._lock:
            if self._index is None:
                self._index = self.open_index(library), library
            index, known = self._index
            if known is not library:
                notice = follow(index, library, known)
                self._index = index, library
                if notice:
                    self.notices.append(notice)
            return index

    # Judging

    def check(
        self,
        library: Library,
        paths: Sequence[str] | None = None,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
    ) -> Report:
        """Check a library that was read before, perhaps with a draft laid over it.

        What is remembered of the library on disk is taken from there, and so it costs what is another.
        """
        with self._lock, without_collection():
            survey = self._known(library, paths)
            try:
                return check(
                    library,
                    settings=self.settings,
                    announced=frozenset(self.announced(library)),
                    paths=paths,
                    select=select,
                    ignore=ignore,
                    survey=survey,
                    count=_find_stale_claims,
                )
            except msgspec.MsgspecError as error:
                survey.memory.forget()
                raise StaleError(MEMORY) from error

    def _known(self, library: Library, paths: Sequence[str] | None) -> Surveyed:
        """Return what is known of a library. All of what is laid over one is checked against what was found in that."""
        base = self._survey or self.survey()
        if library is not base.library and paths is None and base is not self._judged:
            self.check(base.library)
        if library is base.library:
            self._judged = base
            self._unwritten = False
        return base.over(library)

    def derive(self, library: Library, *, ticks: bool = True) -> Change:
        """Return what follows from a library, perhaps with a draft laid over it; with ``ticks`` those of plans too."""
        with self._lock, without_collection():
            edits = list(derive(library, self._recall(library).uses()).edits)
        for plan in library.of_kind("plan") if ticks else ():
            raw = plan.source.raw
            # To check takes longer than to read, so it is asked for only where something would be ticked.
            after, _ = self._ticked(library, raw, known_statuses(library))
            if after != raw:
                after, _ = self._ticked(library, raw, self.statuses(library))
            if after != raw:
                edits.append(Edit(plan.path, raw, after))
        return Change(tuple(edits))

    def left_open(self, library: Library) -> list[tuple[str, Left]]:
        """Return the lines of plans that name finished documents and ask for more, each with the path of its plan."""
        left: list[tuple[str, Left]] = []
        for plan in library.of_kind("plan"):
            _, lines = self._ticked(library, plan.source.raw, known_statuses(library))
            left += [(plan.path, line) for line in lines]
        return left

    def _ticked(self, library: Library, raw: bytes, known: Mapping[str, str]) -> tuple[bytes, list[Left]]:
        """Tick the items of a plan whose procedure is defined by the statuses that count, and say what stays open."""
        named = {key: entry.title for key, entry in missing_titles(library).items()}
        named |= {each.key: each.title for each in library.counted}
        titles = {title: known.get(key) in DONE for key, title in named.items()}
        if not any(titles.values()):
            return raw, []
        grounds = msgspec.msgpack.encode((raw, titles))
        kept = self._once(library, _TICKED, grounds, lambda: msgspec.msgpack.encode(_tick(raw, titles)))
        from procauthor.planning.tick import Left

        return unpacked(kept, tuple[bytes, list[Left]])

    def speaking_of(self, library: Library, paths: Collection[str]) -> set[str]:
        """Return these documents, and all that may speak of one of them; others need not be asked."""
        with self._lock:
            return self._recall(library).speaking_of(paths)

    def _recall(self, library: Library) -> Recall:
        """Return what is remembered of a library, perhaps with a draft laid over it."""
        survey = (self._survey or self.survey()).over(library)
        return Recall(survey, Scope(library, frozenset(self.announced(library)), self.settings))

    def statuses(self, library: Library) -> dict[str, str]:
        """Return the status that counts of each procedure, by the key of its title; the library is checked for it."""
        from procauthor.evaluation.row import statuses_in

        return statuses_in(library, self.check(library))

    def earned(self, library: Library, paths: Sequence[str] | None = None) -> dict[str, Status]:
        """Return the status that counts of some documents, or of all, by path: an error takes "defined" away."""
        from procauthor.evaluation.row import read_errors, status_that_counts

        errors = read_errors(self.check(library, paths))
        chosen = library.procedures if paths is None else [library.by_path[path] for path in paths]
        return {p.path: status_that_counts(p, errors.get(p.path, ())) for p in chosen}

    def with_derived(self, library: Library, *, ticks: bool = True) -> Library:
        """Return the library as it would be with everything derived up to date; the ticks of plans if that matters.

        A draft is laid over the library for each check of it, mostly with the text of the last one. So the last few
        answers without ticks are remembered.
        """
        if ticks:
            return self.with_edits(library, self.derive(library).edits)
        with self._lock:
            plan = self._own_plan_bytes(library)
            for known, plan_then, derived in self._derived:
                if plan_then == plan and known == library:
                    return derived
            derived = self.with_edits(library, self.derive(library, ticks=False).edits)
            self._derived.append((library, plan, derived))
            return derived

    # Writing

    def commit(self, change: Change) -> None:
        """Write a change: all of its files, or none.

        Raises:
            ConflictError: A file moved since; nothing was written.
            LibraryError: The disk refused; nothing was changed.
        """
        if change:
            apply(self.root, self.state, change)


def _find_stale_claims(library: Library, report: Report, settings: Settings) -> Iterable[Finding]:
    # Most checks find that nothing has changed, and count nothing.
    from procauthor.evaluation.evaluate import find_stale_claims

    return find_stale_claims(library, report, settings)


def open_index(folder: Path, settings: RetrievalSettings, library: Library) -> tuple[SectionIndex, str]:
    """Open the index in a folder and bring it up to date with a library; return it with what is to be said of it."""
    from procauthor.retrieval.embedding import embedding_for
    from procauthor.retrieval.index import SectionIndex

    index = SectionIndex.open(folder, embedding=embedding_for(settings.embedding), server=settings.server)
    return index, follow(index, library)


def follow(index: SectionIndex, library: Library, known: Library | None = None) -> str:
    """Bring an index up to date with a library; return what is to be said of it.

    Args:
        index: The index.
        library: The library.
        known: The one that the index was brought up to date with before.
    """
    edits = library.edits(known) if known else None
    documents = library.procedures if edits is None else edits
    stamps = {each.path: each.indexed for each in documents if each.kind != "template"}
    bring = index.follow if edits is None else index.follow_edits
    return bring(stamps, lambda path: _cut(library.by_path[path])).notice


def section_chunks(library: Library) -> list[Chunk]:
    """Return the chunks of all documents, with the lifecycle as context."""
    return list(chain.from_iterable(_cut(each) for each in library.procedures if each.kind != "template"))


def _cut(procedure: Procedure) -> list[Chunk]:
    from procauthor.retrieval.chunk import chunk_document

    named = {"title": procedure.title, "context": procedure.lifecycle}
    return chunk_document(procedure.path, procedure.source, procedure.outline, **named)


def _tick(raw: bytes, titles: Mapping[str, bool]) -> tuple[bytes, list[Left]]:
    from procauthor.planning.tick import left_open, tick

    with suppress(PlanError, LibraryError):
        plan = recall_plan(raw)
        return tick(raw, plan, *(title for title, done in titles.items() if done)), list(left_open(plan, titles))
    return raw, []
