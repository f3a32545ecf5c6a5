"""An editor for tests: the client of pygls, which talks with a server in a process of its own over pipes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

MAIN = "from procauthor.cli.app import main; main()"
PATIENCE = 60


class Editor:
    """Opens and changes texts, asks at places, and keeps what the server shows."""

    def __init__(self, root: Path, encodings: list[str] | None = None, *, renames: bool = True) -> None:
        self.root = root
        self.texts: dict[str, str] = {}
        self.client = LanguageClient("test", "1")
        self.shown: dict[str, list[types.Diagnostic]] = {}
        self.messages: list[str] = []
        self._versions: dict[str, int] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._encodings = encodings
        self._operations = [types.ResourceOperationKind.Rename, types.ResourceOperationKind.Create] if renames else []

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            path = self.path(params.uri)
            self.shown[path] = list(params.diagnostics)
            if params.version == self._versions.get(path):
                self._news.setdefault(path, asyncio.Event()).set()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(_: types.RegistrationParams) -> None:
            return None

    async def start(self, *folders: Path) -> types.InitializeResult:
        await self.client.start_io(sys.executable, "-c", MAIN, "-C", str(self.root), "lsp")
        workspace = types.WorkspaceClientCapabilities(
            workspace_edit=types.WorkspaceEditClientCapabilities(
                document_changes=True, resource_operations=self._operations
            ),
            did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
        )
        general = types.GeneralClientCapabilities(position_encodings=self._encodings)
        capabilities = types.ClientCapabilities(workspace=workspace, general=general)
        known = [types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in folders]
        result = await self.client.initialize_async(
            types.InitializeParams(capabilities=capabilities, workspace_folders=known)
        )
        self.client.initialized(types.InitializedParams())
        return result

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await asyncio.wait_for(self.client.stop(), PATIENCE)

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def path(self, uri: str) -> str:
        return uri.removeprefix(self.root.as_uri() + "/")

    def open(self, path: str, text: str | None = None) -> None:
        text = (self.root / path).read_text(encoding="utf-8") if text is None else text
        self.texts[path], self._versions[path] = text, 1
        self._news[path] = asyncio.Event()
        item = types.TextDocumentItem(self.uri(path), "markdown", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, path: str, text: str) -> None:
        self.texts[path] = text
        self._versions[path] += 1
        self._news[path] = asyncio.Event()
        document = types.VersionedTextDocumentIdentifier(self._versions[path], self.uri(path))
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    async def findings(self, path: str) -> list[types.Diagnostic]:
        """Wait for what is found in the text as it is now."""
        await asyncio.wait_for(self._news[path].wait(), PATIENCE)
        return self.shown[path]

    async def until(self, true: Callable[[], bool]) -> None:
        for _ in range(PATIENCE * 20):
            if true():
                return
            await asyncio.sleep(0.05)
        raise TimeoutError

    def at(self, path: str, words: str, *, behind: bool = False) -> dict[str, Any]:
        """Return the arguments of a question about the first place of some words, in UTF-16."""
        text = self.texts[path]
        place = text.index(words) + (len(words) if behind else 1)
        line = text[:place].count("\n")
        column = len(text[:place].rpartition("\n")[2].encode("utf-16-le")) // 2
        position = types.Position(line, column)
        return {"text_document": types.TextDocumentIdentifier(self.uri(path)), "position": position}

    async def labels(self, path: str, words: str) -> dict[str, types.CompletionItem]:
        """Return what is proposed behind some words, by label."""
        params = types.CompletionParams(**self.at(path, words, behind=True))
        found = await self.client.text_document_completion_async(params)
        assert isinstance(found, types.CompletionList)
        return {item.label: item for item in found.items}


def talk(root: Path, work: Callable[[Editor], Awaitable[None]], **more: Any) -> None:
    async def session() -> None:
        editor = Editor(root, **more)
        await editor.start(root)
        await work(editor)
        await editor.stop()

    asyncio.run(session())


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """Return a text after edits in UTF-16, as an editor makes them."""
    lines = text.splitlines(keepends=True)

    def offset(position: types.Position) -> int:
        if position.line >= len(lines):
            return len(text)
        before = lines[position.line].encode("utf-16-le")[: position.character * 2].decode("utf-16-le")
        return sum(map(len, lines[: position.line])) + len(before)

    for edit in sorted(edits, key=lambda e: offset(e.range.start), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text
