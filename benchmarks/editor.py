"""Measure how long `procauthor lsp` takes to answer an editor, in a library of many procedures.

    python benchmarks/editor.py --sizes 1000

An editor in this process talks with the server over pipes. After the first answers, which read the library, it types
into a procedure and asks each question a number of times, half a second after the last change. "Findings" is the time
from a change to the findings that follow from it, with the pause for which the server waits. Milliseconds, the median
and the longest.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from library import make, path

_MAIN = "from procauthor.cli.app import main; main()"
_CALM = 0.5


class Bench:
    """An editor with one open text."""

    def __init__(self, root: Path, name: str) -> None:
        self.client = LanguageClient("benchmark", "1")
        self.uri = (root / name).as_uri()
        self.root = root
        self.text = (root / name).read_text(encoding="utf-8")
        self.version = 0
        self.news = asyncio.Event()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            if params.version == self.version:
                self.news.set()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            print(params.message, file=sys.stderr)

    async def start(self) -> None:
        await self.client.start_io(sys.executable, "-c", _MAIN, "-C", str(self.root), "lsp")
        edit = types.WorkspaceEditClientCapabilities(document_changes=True, resource_operations=["rename", "create"])
        known = types.ClientCapabilities(workspace=types.WorkspaceClientCapabilities(workspace_edit=edit))
        await self.client.initialize_async(types.InitializeParams(capabilities=known))
        self.client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(self.uri, "markdown", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await self.news.wait()

    async def type(self, text: str) -> None:
        self.text = text
        self.version += 1
        self.news.clear()
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def at(self, words: str, inside: int) -> dict[str, Any]:
        place = self.text.index(words) + inside
        line = self.text[:place].count("\n")
        column = len(self.text[:place].rpartition("\n")[2])
        return {"text_document": types.TextDocumentIdentifier(self.uri), "position": types.Position(line, column)}


def questions(bench: Bench) -> dict[str, Callable[[], Awaitable[Any]]]:
    client, document = bench.client, types.TextDocumentIdentifier(bench.uri)
    link = bench.at("](", -3)
    whole = types.Range(types.Position(0, 0), types.Position(10_000, 0))
    return {
        "completion of a title": lambda: client.text_document_completion_async(
            types.CompletionParams(**bench.at("see [Pro", 8))
        ),
        "completion of an artifact": lambda: client.text_document_completion_async(
            types.CompletionParams(**bench.at("\n- **", 5))
        ),
        "hover": lambda: client.text_document_hover_async(types.HoverParams(**link)),
        "definition": lambda: client.text_document_definition_async(types.DefinitionParams(**link)),
        "references": lambda: client.text_document_references_async(
            types.ReferenceParams(context=types.ReferenceContext(include_declaration=True), **link)
        ),
        "symbols of the document": lambda: client.text_document_document_symbol_async(
            types.DocumentSymbolParams(document)
        ),
        "symbols of the library": lambda: client.workspace_symbol_async(types.WorkspaceSymbolParams("valve")),
        "code actions": lambda: client.text_document_code_action_async(
            types.CodeActionParams(document, whole, types.CodeActionContext([]))
        ),
        "rename": lambda: client.text_document_rename_async(
            types.RenameParams(new_name="Another Name Procedure", **link)
        ),
    }


async def measure(root: Path, size: int, rounds: int) -> None:
    bench = Bench(root, path(size // 2))
    began = time.perf_counter()
    await bench.start()
    print(f"\n{size:,} procedures: first findings after {time.perf_counter() - began:.1f} s")
    before = bench.text
    asked = f"{before}\nsee [Pro\n"
    await bench.type(asked)
    await bench.news.wait()
    for ask in list(questions(bench).values())[:-1]:
        await ask()
    await asyncio.sleep(_CALM)
    findings: list[float] = []
    for turn in range(rounds):
        began = time.perf_counter()
        await bench.type(f"{asked}\nword {turn}\n")
        await bench.news.wait()
        findings.append(time.perf_counter() - began)
    _show("findings", findings)
    for name in questions(bench):
        taken: list[float] = []
        for turn in range(rounds if name != "rename" else 1):
            await bench.type(f"{asked}\nword {turn} of {name}\n")
            await bench.news.wait()
            await asyncio.sleep(_CALM / 5)
            began = time.perf_counter()
            await questions(bench)[name]()
            taken.append(time.perf_counter() - began)
        _show(name, taken)
    await bench.client.shutdown_async(None)
    bench.client.exit(None)
    await bench.client.stop()


def _show(name: str, taken: list[float]) -> None:
    print(f"{name:28} {statistics.median(taken) * 1000:7.0f} {max(taken) * 1000:7.0f}", flush=True)


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000])
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), size)
            asyncio.run(measure(Path(folder), size, options.rounds))


if __name__ == "__main__":
    main()
