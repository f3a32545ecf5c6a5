"""The ground that all services share: where a library is, how it is set up, and the questions that all of them ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from procauthor.checking.check import check
from procauthor.checking.survey import Survey, Surveyor
from procauthor.errors import NoPlanError, PlanError
from procauthor.file import read_regular
from procauthor.finding import Report
from procauthor.library.change import Change, Edit
from procauthor.library.disk import leads_out
from procauthor.library.library import LEADS_OUT, Library, Procedure, read_library, read_procedure
from procauthor.library.state import open_state
from procauthor.library.transaction import STATE, apply, recover
from procauthor.settings import Location, Settings
from procauthor.settings import locate as find_root
from procauthor.template.store import TemplateStore
from procauthor.workspace._announced import announced, read_own_plan

# What checking does not need is imported where it is: it would take longer to load than a small library to check.
if TYPE_CHECKING:
    from procauthor.planning.plan import Plan
    from procauthor.retrieval.index import SectionIndex

_SHOWN = 5


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
        self._known: Library | None = None

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
        workspace.notices += notices
        workspace.templates.refuse_unknown()
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
        files = _several(recovery.restored) or "no file had been written yet"
        self.notices.append(f"took back {recovery.title or 'a change'!r}, which had been cut off: {files}")
        if recovery.kept:
            self.notices.append(f"left as they are, because they were edited since: {_several(recovery.kept)}")

    # Reading

    def read(self) -> Library:
        """Read all documents, as they are now; what has not changed since the last reading is not parsed again."""
        self._known = read_library(self.root, self.settings, self.templates, self._known)
        for unread in self._known.unread:
            if unread.reason == LEADS_OUT:
                self.tell(f"{unread.path!r} is no document of the library: {LEADS_OUT}")
        return self._known

    def parse(self, path: str, raw: bytes) -> Procedure:
        """Read some bytes as the document that they would be at a path."""
        return read_procedure(path, raw, self.settings, self.templates)

    def with_text(self, library: Library, path: str, raw: bytes) -> Library:
        """Return the library as it would be with other bytes at one path."""
        return library.overlay(self.parse(path, raw))

    def with_edits(self, library: Library, edits: Iterable[Edit]) -> Library:
        """Return the library as it would be with some edits written."""
        texts: Mapping[str, bytes | None] = {edit.path: edit.after for edit in edits}
        gone = frozenset(path for path, raw in texts.items() if raw is None)
        kept = library.without(gone) if gone else library
        return kept.overlay(*(self.parse(path, raw) for path, raw in texts.items() if raw is not None))

    def surveyor(self) -> Surveyor:
        """Return what reads the library and remembers what it read."""
        return Surveyor(self.root, self.state, self.settings, self.templates)

    def plan_bytes(self, file: str | Path | None = None) -> bytes:
        """Return an action plan as it is on disk: the given file, else the one in the settings.

        Raises:
            PlanError: There is no such file.
        """
        place = Path(file) if file else self.root / self.settings.library.plan
        if leads_out(self.root, place):
            message = f"{str(file or self.settings.library.plan)!r} is no plan: {LEADS_OUT}"
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

    def plan(self, file: str | Path | None = None, library: Library | None = None) -> Plan:
        """Read an action plan: the given file, else the one in the settings.

        Raises:
            PlanError: There is no such file, or it holds no plan.
        """
        from procauthor.planning.read import read_plan

        return read_plan(self.plan_bytes(file), known=self.statuses(library or self.read()))

    def own_plan(self, library: Library) -> Plan | None:
        """Return the plan in the settings, or None where there is none that can be read."""
        return read_own_plan(self.root, self.settings.library.plan, library)

    def announced(self, library: Library, plan: Plan | None = None) -> dict[str, str]:
        """Return titles that a plan or the index announces without a document, by key."""
        return announced(self.root, self.settings.library.plan, library, plan)

    def open_index(self, library: Library) -> SectionIndex:
        """Open the search index and bring it up to date with a library."""
        from procauthor.workspace._section import open_index

        index, notice = open_index(self.state / "index", self.settings.retrieval, library)
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
        survey: Survey | None = None,
    ) -> Report:
        """Check a library that was read before, perhaps with a draft laid over it."""
        return check(
            library,
            settings=self.settings,
            announced=frozenset(self.announced(library)),
            paths=paths,
            select=select,
            ignore=ignore,
            survey=survey,
        )

    def derive(self, library: Library, *, ticks: bool = True) -> Change:
        """Return what follows from a library, perhaps with a draft laid over it; with ``ticks`` those of plans too."""
        from procauthor.workspace._derived import derived

        return derived(library, self.statuses, ticks=ticks)

    def statuses(self, library: Library) -> dict[str, str]:
        """Return the status that counts of each procedure, by the key of its title; the library is checked for it."""
        from procauthor.evaluation.row import statuses_in

        return statuses_in(library, self.check(library))

    def with_derived(self, library: Library, *, ticks: bool = True) -> Library:
        """Return the library as it would be with everything derived up to date; the ticks of plans if that matters."""
        return self.with_edits(library, self.derive(library, ticks=ticks).edits)

    # Writing

    def commit(self, change: Change) -> None:
        """Write a change: all of its files, or none.

        Raises:
            ConflictError: A file moved since; nothing was written.
            LibraryError: The disk refused; nothing was changed.
        """
        if change:
            apply(self.root, self.state, change)


def _several(paths: Sequence[str]) -> str:
    """Name some paths, and count those beyond the fifth."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
