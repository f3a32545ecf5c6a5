"""The server: protocol in, one question to the library, protocol out."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from procauthor.errors import NotFoundError, ProcauthorError
from procauthor.finding import Report
from procauthor.library.library import Library, Procedure
from procauthor.lsp import completion, diagnostic, hover, navigation
from procauthor.lsp.desk import Desk, file_of
from procauthor.lsp.rewriting import refuse_without_files, workspace_edit
from procauthor.lsp.subject import find_subject
from procauthor.naming import MARKDOWN
from procauthor.refactoring.refactor import Refactoring
from procauthor.settings import FILE_NAME
from procauthor.system import release

_PAUSE = 0.15
"""Seconds without a change after which an open text is checked."""
_REQUEST_FAILED = -32803
_FILES = (*(f"**/*{ending}" for ending in MARKDOWN), f"**/{FILE_NAME}")
_Answer = TypeVar("_Answer")


class LibraryLanguageServer(LanguageServer):
    """Serves the libraries that the open files belong to. A file that belongs to none is left alone."""

    def __init__(self) -> None:
        kind = types.TextDocumentSyncKind.Full
        super().__init__("procauthor", release(), text_document_sync_kind=kind)
        self._desks: dict[Path, Desk] = {}
        self._one = asyncio.Lock()
        self._turns: dict[Path, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # Libraries

    @property
    def desks(self) -> tuple[Desk, ...]:
        """The libraries that are open."""
        return tuple(self._desks.values())

    def open_folder(self, folder: Path) -> None:
        """Open the library that a folder is in, or those of the folders in it."""
        folder = folder.absolute()
        below = (file.parent for file in sorted(folder.glob(f"*/{FILE_NAME}")))
        for place in (folder, *below):
            if not any(place.is_relative_to(root) for root in self._desks):
                desk = self._open(place / FILE_NAME)
                if desk is not None:
                    self.check_later(desk)

    def find(self, uri: str) -> tuple[Desk, str] | None:
        """Return the library of a file and the path of the document in it; None where the file is no document."""
        file = file_of(uri)
        if file is None:
            return None
        desk = next((d for root, d in self._desks.items() if file.is_relative_to(root)), None) or self._open(file)
        path = desk.path_of(file) if desk else ""
        return (desk, path) if desk and path else None

    def _open(self, file: Path) -> Desk | None:
        """Open the library that a file belongs to."""
        encoding = self.workspace.position_encoding or types.PositionEncodingKind.Utf16
        try:
            desk = Desk.of(file, encoding)
        except ProcauthorError as error:
            self.tell(error)
            return None
        if desk is not None:
            self._desks[desk.workspace.root] = desk
            for notice in desk.workspace.notices:
                self.window_log_message(types.LogMessageParams(types.MessageType.Info, notice))
        return desk

    def tell(self, error: ProcauthorError) -> None:
        """Show what went wrong, with the hint."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Error, _sentence(error)))

    def answer(self, uri: str, ask: Callable[[Desk, Procedure], _Answer]) -> _Answer | None:
        """Ask the library of an open file; None where the file belongs to none."""
        place = self.find(uri)
        procedure = place[0].library.by_path.get(place[1]) if place else None
        return ask(place[0], procedure) if place and procedure else None

    # Texts

    def write(self, uri: str, text: str, version_: int | None) -> None:
        """Take the text of an open file, and check it after a pause."""
        place = self.find(uri)
        if place is not None:
            desk, path = place
            desk.write(path, text, version_)
            self.check_later(desk)

    def close(self, uri: str) -> None:
        """Let what is on disk count, and show no findings any more."""
        place = self.find(uri)
        if place is not None:
            desk, path = place
            desk.close(path)
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
            self.check_later(desk)

    def reread(self, uris: list[str]) -> None:
        """Read again the libraries of files that changed on disk; with other settings they are opened again."""
        files = [file for uri in uris if (file := file_of(uri)) is not None]
        for root, desk in tuple(self._desks.items()):
            inside = [file for file in files if file.is_relative_to(root)]
            if any(file.name == FILE_NAME or "templates" in file.relative_to(root).parts for file in inside):
                self._reopen(root)
            elif inside:
                desk.stale = True
                self.check_later(desk)

    def _reopen(self, root: Path) -> None:
        before = self._desks.pop(root)
        for path in before.open_paths:
            document = self.workspace.get_text_document(before.uri(path))
            self.write(before.uri(path), document.source, document.version)

    # Findings

    def check_later(self, desk: Desk) -> None:
        """Check the open texts of a library once nothing was typed for a moment."""
        root = desk.workspace.root
        self._turns[root] = turn = self._turns.get(root, 0) + 1
        task = asyncio.get_running_loop().create_task(self._check(desk, turn))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, desk: Desk, turn: int) -> None:
        await asyncio.sleep(_PAUSE)
        async with self._one:
            if turn != self._turns[desk.workspace.root]:
                return
            try:
                if desk.stale:
                    await asyncio.to_thread(desk.refresh)
                library, paths = desk.library, desk.open_paths
                report = await asyncio.to_thread(desk.check, library, paths)
                self._publish(desk, library, report)
                if not desk.surveyed:
                    await asyncio.to_thread(desk.survey)
            except ProcauthorError as error:
                self.tell(error)

    def _publish(self, desk: Desk, library: Library, report: Report) -> None:
        """Show what was found in each open text. One that changed meanwhile is checked again."""
        for path in desk.open_paths:
            procedure = library.by_path.get(path)
            if procedure is not None and path in report.checked:
                desk.findings[path] = tuple(finding for finding in report.findings if finding.path == path)
                shown = diagnostic.show(desk, procedure, desk.findings[path])
                version_ = desk.versions[path] if procedure is desk.library.by_path.get(path) else None
                self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(desk.uri(path), shown, version_))

    # Renaming

    def rename(self, params: types.RenameParams) -> types.WorkspaceEdit | None:
        """Return what gives the document at a place another title, in all files that speak of it."""

        def work(desk: Desk, host: Procedure) -> types.WorkspaceEdit | None:
            subject = find_subject(desk.scope, host, desk.lines(host).offset(params.position))
            if subject is None:
                return None
            refuse_without_files(self.client_capabilities)
            if subject.artifact:
                message = f"{subject.artifact!r} is an artifact, and only documents can be renamed"
                raise NotFoundError(message, "put the cursor on a title or on a link")
            refactoring = Refactoring(desk.workspace, desk.library)
            return workspace_edit(desk, refactoring.rename(subject.document.path, params.new_name))

        return self.answer(params.text_document.uri, work)

    def prepare(self, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        """Return the title of the document at a place, to begin with."""

        def work(desk: Desk, host: Procedure) -> types.PrepareRenamePlaceholder | None:
            lines = desk.lines(host)
            subject = find_subject(desk.scope, host, lines.offset(params.position))
            if subject is None or subject.artifact:
                return None
            return types.PrepareRenamePlaceholder(lines.range(subject.start, subject.end), subject.document.title)

        return self.answer(params.text_document.uri, work)


def _sentence(error: ProcauthorError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message


@contextmanager
def _said() -> Iterator[None]:
    """Turn what the library refuses into an error of the protocol, which an editor shows."""
    try:
        yield
    except ProcauthorError as error:
        raise JsonRpcException(_sentence(error), _REQUEST_FAILED) from error


def build(root: Path) -> LibraryLanguageServer:
    """Return the server with all that it answers; it opens the library of a folder, and those of the editor's."""
    server = LibraryLanguageServer()
    _register_start(server, root)
    _register_texts(server)
    _register_questions(server)
    _register_edits(server)
    return server


def _register_start(server: LibraryLanguageServer, root: Path) -> None:
    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        for folder in (root, *(file_of(folder.uri) for folder in server.workspace.folders.values())):
            if folder is not None:
                server.open_folder(folder)
        known = server.client_capabilities.workspace
        if known and known.did_change_watched_files and known.did_change_watched_files.dynamic_registration:
            options = types.DidChangeWatchedFilesRegistrationOptions(list(map(types.FileSystemWatcher, _FILES)))
            method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            wanted = types.RegistrationParams([types.Registration("files", method, options)])
            await server.client_register_capability_async(wanted)


def _register_texts(server: LibraryLanguageServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        server.write(document.uri, document.text, document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = server.workspace.get_text_document(params.text_document.uri)
        server.write(document.uri, document.source, params.text_document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.reread([params.text_document.uri])

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.close(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def moved(params: types.DidChangeWatchedFilesParams) -> None:
        server.reread([change.uri for change in params.changes])


def _register_questions(server: LibraryLanguageServer) -> None:
    options = types.CompletionOptions(trigger_characters=list(completion.TRIGGERS), resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, options)
    def complete(params: types.CompletionParams) -> types.CompletionList | None:
        return server.answer(
            params.text_document.uri, lambda desk, host: completion.complete(desk, host, params.position)
        )

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    def resolve(item: types.CompletionItem) -> types.CompletionItem:
        uri = item.data.get("uri") if isinstance(item.data, dict) else None
        return server.answer(str(uri), lambda desk, _: completion.explain(desk, item)) or item if uri else item

    def at(
        params: types.HoverParams | types.DefinitionParams | types.ReferenceParams,
        ask: Callable[[Desk, Procedure, int], _Answer],
    ) -> _Answer | None:
        return server.answer(
            params.text_document.uri, lambda desk, host: ask(desk, host, desk.lines(host).offset(params.position))
        )

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def describe(params: types.HoverParams) -> types.Hover | None:
        return at(params, hover.describe)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def define(params: types.DefinitionParams) -> types.Location | None:
        return at(params, navigation.define)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def refer(params: types.ReferenceParams) -> list[types.Location] | None:
        declared = params.context.include_declaration
        return at(params, lambda desk, host, offset: navigation.refer(desk, host, offset, declared=declared))

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
        return server.answer(params.text_document.uri, navigation.outline)

    @server.feature(types.WORKSPACE_SYMBOL)
    def search(params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        return list(chain.from_iterable(navigation.search_symbols(desk, params.query) for desk in server.desks))


def _register_edits(server: LibraryLanguageServer) -> None:
    kinds = [types.CodeActionKind.QuickFix, diagnostic.FIX_ALL]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    def offer(params: types.CodeActionParams) -> list[types.CodeAction] | None:
        return server.answer(params.text_document.uri, lambda desk, host: list(diagnostic.offer(desk, host, params)))

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: types.PrepareRenameParams) -> Any:
        return server.prepare(params)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        with _said():
            return server.rename(params)


def serve(root: Path) -> None:
    """Serve on standard input and output until the editor closes."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    build(root).start_io()
