"""What authoring keeps of a library: the drafts that wait, the runs, and the memory of what was paid for."""

from __future__ import annotations

from functools import cached_property

from procauthor.authoring.address import DATABASE, find_address, password_of
from procauthor.authoring.draft import DraftStore
from procauthor.authoring.memory import FILE, FileMemory, WorkMemory
from procauthor.authoring.run import RunStore
from procauthor.workspace import Workspace


class Records:
    """A library with its drafts, runs and memory of calls.

    Args:
        workspace: The library.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @cached_property
    def drafts(self) -> DraftStore:
        """The drafts that wait."""
        return DraftStore(self.workspace.state / "drafts", self.workspace.tell)

    @cached_property
    def memory(self) -> WorkMemory:
        """The memory of runs, batches and paid calls: a file, or the database that the settings name.

        A file that does not count is set aside, and ``notices`` say so.
        """
        written = self.workspace.settings.run.database
        address = find_address(written)
        if password_of(written):
            self.workspace.tell(f"the settings hold a password of the database: keep the address in {DATABASE}")
        memory: WorkMemory
        if address:
            from procauthor.authoring.postgres import SharedMemory

            memory = SharedMemory(address)
        else:
            memory = FileMemory(self.workspace.state / FILE)
        if memory.notice:
            self.workspace.tell(memory.notice)
        return memory

    def close(self) -> None:
        """Let go of the file of the memory until the next question."""
        if "memory" in self.__dict__:
            self.memory.close()

    @cached_property
    def runs(self) -> RunStore:
        """The runs, finished or not."""
        return RunStore(self.memory)
