"""The language server as an editor sees it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.cli.inside import run, run_json
from tests.lsp.client import MAIN, Editor, applied, talk

REVIEW, CHECK = "feature/design-review.md", "feature/threat-check.md"
TITLE = "Design Review Procedure"


def text_of(root: Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8")


def texts(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8") for p in folder.rglob("*.md")}


def test_findings_while_typing_are_those_of_check(root: Path) -> None:
    async def work(editor: Editor) -> None:
        editor.open(REVIEW)
        assert await editor.findings(REVIEW) == []
        broken = text_of(root, REVIEW).replace("(threat-check.md)", "(gone.md)").replace("From: Step 2", "From: Step 9")
        broken = broken.replace("## 1. Purpose", "## 1. 😀 Purpose")
        editor.type(REVIEW, broken)
        shown = await editor.findings(REVIEW)
        (root / REVIEW).write_text(broken, encoding="utf-8")
        findings = [f for f in run_json("-C", root, "check", code=1)["findings"] if f["path"] == REVIEW]
        assert {"broken-link"} <= {f["rule"] for f in findings}
        assert [(d.code, d.message.partition("\n")[0], d.range.start.line + 1) for d in shown] == [
            (f["rule"], f["message"], f["line"]) for f in findings
        ]
        assert [d.data["fingerprint"] for d in shown] == [f["fingerprint"] for f in findings]
        link = next(d for d in shown if d.code == "broken-link")
        line = broken.splitlines()[link.range.start.line]
        assert line[link.range.start.character : link.range.end.character] == "[Threat Check Procedure](gone.md)"
        editor.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri(REVIEW)))
        )
        await editor.until(lambda: editor.shown[REVIEW] == [])

    talk(root, work)


def test_a_finding_of_another_open_text_follows_what_is_typed_here(root: Path) -> None:
    async def work(editor: Editor) -> None:
        editor.open(REVIEW, text_of(root, REVIEW).replace("(threat-check.md)", "(threat-check.md#1-purpose)"))
        editor.open(CHECK)
        assert await editor.findings(REVIEW) == []
        await editor.findings(CHECK)
        editor.type(CHECK, text_of(root, CHECK).replace("## 1. Purpose", "## 1. Aim"))
        await editor.findings(CHECK)
        await editor.until(lambda: [d.code for d in editor.shown[REVIEW]] == ["broken-anchor"])

    talk(root, work)


def test_a_fix_is_offered_where_its_finding_is_and_only_for_the_text_it_was_found_in(root: Path) -> None:
    async def work(editor: Editor) -> None:
        broken = text_of(root, REVIEW).replace("(threat-check.md)", "(Threat-Check.md)")
        editor.open(
            REVIEW, "\n😀 [x](Threat-Check.md)\n".join(broken.split("\n## 8. Downstream Dependencies", 1)[:1]) or ""
        )
        editor.type(REVIEW, broken.replace("is used by", "😀 is used by"))
        shown = [d for d in await editor.findings(REVIEW) if d.code == "broken-link"]
        assert len(shown) == 1

        async def actions(place: types.Range, *only: str) -> list[types.CodeAction]:
            found = await editor.client.text_document_code_action_async(
                types.CodeActionParams(
                    types.TextDocumentIdentifier(editor.uri(REVIEW)),
                    place,
                    types.CodeActionContext([], only=list(only) or None),
                )
            )
            assert all(isinstance(action, types.CodeAction) for action in found or [])
            return [action for action in found or [] if isinstance(action, types.CodeAction)]

        elsewhere = types.Range(types.Position(0, 0), types.Position(1, 0))
        assert await actions(elsewhere) == []
        (action,) = await actions(shown[0].range)
        assert action.kind == types.CodeActionKind.QuickFix
        (every,) = await actions(elsewhere, types.CodeActionKind.SourceFixAll)
        assert action.edit is not None
        assert every.edit is not None
        assert action.edit == every.edit
        change = action.edit.document_changes[0]
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.version == 2
        fixed = applied(editor.texts[REVIEW], list(change.edits))
        assert "😀 is used by [Threat Check Procedure](threat-check.md)" in fixed
        editor.type(REVIEW, fixed + "\nmore\n")
        assert await actions(shown[0].range) == []
        assert await editor.findings(REVIEW) == []

    talk(root, work)


def test_completion_knows_titles_paths_anchors_artifacts_sources_roles_and_values(root: Path) -> None:
    (root / "templates").mkdir()
    (root / "templates/own.md").write_text("# {title}\n\n## What\n\n<!--\nrole: in\n-->\n", encoding="utf-8")

    async def work(editor: Editor) -> None:
        base = text_of(root, CHECK)

        async def after(line: str) -> dict[str, types.CompletionItem]:
            editor.texts[CHECK] = base
            editor.type(CHECK, f"{base}\n{line}\n")
            return await editor.labels(CHECK, f"\n{line}")

        editor.open(CHECK)
        links = await after("😀 see [Desi")
        assert links[TITLE].text_edit.new_text == f"[{TITLE}](design-review.md)"
        start = links[TITLE].text_edit.range.start
        assert start.character == len("😀 see ") + 1
        told = await editor.client.completion_item_resolve_async(links[TITLE])
        assert "Makes: Component Diagram, Published Decision" in told.documentation.value
        named = await after("Then comes Release Ch")
        assert named["Release Check Procedure"].text_edit.new_text == "Release Check Procedure *(announced)*"
        paths = await after("see [it](des")
        assert paths["design-review.md"].detail == TITLE
        anchors = await after("see [it](design-review.md#purp")
        assert list(anchors) == ["1-purpose"]
        assert "threat-check-procedure" in await after("see [it](#")
        artifacts = await after("## 3. Required Inputs\n\n- **Comp")
        assert artifacts["Component Diagram"].detail == TITLE
        sources = await after("## 3. Required Inputs\n\n- **Component Diagram**: all parts (From: Des")
        assert sources[TITLE].text_edit.new_text == f"[{TITLE}](design-review.md)"
        assert await after("nothing to say ") == {}
        editor.type(CHECK, base.replace("lifecycle: Feature", "lifecycle: Fea"))
        assert "Feature" in await editor.labels(CHECK, "lifecycle: Fea")
        editor.type(CHECK, base.replace("- Design Review Procedure", "- Design"))
        assert (await editor.labels(CHECK, "- Design"))[TITLE].text_edit.new_text == TITLE
        editor.type(CHECK, base.replace("status: Placeholder", "status: "))
        assert {"defined", "in progress"} <= (await editor.labels(CHECK, "status: ")).keys()
        editor.open(REVIEW)
        editor.type(REVIEW, text_of(root, REVIEW).replace("Decision Record (From: Step 2)", "Decision Record (From: "))
        steps = await editor.labels(REVIEW, "Decision Record (From: ")
        assert list(steps)[:3] == ["Required Inputs", "Step 1", "Step 2"]
        assert steps["Step 2"].detail == "Decide: Decision Record"
        editor.open("templates/own.md")
        assert {"inputs", "none"} <= (await editor.labels("templates/own.md", "role: in")).keys() | {"none"}

    talk(root, work)


def test_hover_definition_and_references_of_titles_and_artifacts(root: Path) -> None:
    async def work(editor: Editor) -> None:
        editor.open(REVIEW)
        editor.open(
            CHECK, text_of(root, CHECK) + "\nAs [it](design-review.md#2-trigger) says: ask Design Review Procedure.\n"
        )
        await editor.findings(CHECK)

        async def define(path: str, words: str) -> tuple[str, str]:
            found = await editor.client.text_document_definition_async(types.DefinitionParams(**editor.at(path, words)))
            assert isinstance(found, types.Location)
            target = editor.path(found.uri)
            line = editor.texts.get(target, "").splitlines()[found.range.start.line]
            return target, line[found.range.start.character : found.range.end.character]

        async def refer(path: str, words: str, *, declared: bool = True) -> list[tuple[str, int]]:
            context = types.ReferenceContext(include_declaration=declared)
            params = types.ReferenceParams(**editor.at(path, words), context=context)
            found = await editor.client.text_document_references_async(params)
            return [(editor.path(place.uri), place.range.start.line + 1) for place in found or []]

        async def hover(path: str, words: str) -> str:
            found = await editor.client.text_document_hover_async(types.HoverParams(**editor.at(path, words)))
            assert found is not None
            assert isinstance(found.contents, types.MarkupContent)
            return found.contents.value

        assert await define(REVIEW, "[Threat Check") == (CHECK, "Threat Check Procedure")
        assert await define(CHECK, "[it](design") == (REVIEW, "## 2. Trigger")
        assert await define(CHECK, "Design Review Procedure.") == (REVIEW, TITLE)
        assert await define(CHECK, "Design Review Procedure\n---") == (REVIEW, TITLE)
        assert await define(REVIEW, "Component Diagram (From") == (REVIEW, "Component Diagram")
        lines = editor.texts[REVIEW].splitlines()
        made = lines.index("- Component Diagram: the components and their connections") + 1
        uses = await refer(REVIEW, "Component Diagram (From")
        assert (REVIEW, made) in uses
        assert (REVIEW, lines.index("- Component Diagram (From: Step 1)") + 1) in uses
        assert (REVIEW, made) not in await refer(REVIEW, "Component Diagram (From", declared=False)
        places = await refer(CHECK, "Design Review Procedure.")
        assert {path for path, _ in places} == {REVIEW, CHECK, "index.md", "feature/README.md", "action-plan.md"}
        assert len([path for path, _ in places if path == CHECK]) == 3
        told = await hover(CHECK, "Design Review Procedure.")
        assert f"**{TITLE}**: defined · Feature, phase 1" in told
        assert "Needs: Feature Request" in told
        assert "Used by: Threat Check Procedure" in told
        assert "placeholder" in await hover(REVIEW, "[Threat Check")
        told = await hover(REVIEW, "Component Diagram**: every")
        assert "Made by: Design Review Procedure, in: Draw the parts" in told
        nothing = types.HoverParams(**editor.at(REVIEW, "A feature is approved"))
        assert await editor.client.text_document_hover_async(nothing) is None

    talk(root, work)


def test_rename_is_the_refactoring_as_edits_of_the_editor(root: Path, tmp_path: Path) -> None:
    twin = shutil.copytree(root, tmp_path / "twin")
    new = "Design Check Procedure"
    run("-C", twin, "rename", TITLE, new)

    async def work(editor: Editor) -> None:
        editor.open(CHECK)
        place = editor.at(CHECK, "- Design Review")
        place["position"] = types.Position(place["position"].line, place["position"].character + 6)
        begun = await editor.client.text_document_prepare_rename_async(types.PrepareRenameParams(**place))
        assert begun.placeholder == TITLE
        edit = await editor.client.text_document_rename_async(types.RenameParams(**place, new_name=new))
        files = texts(root)
        for change in edit.document_changes:
            if isinstance(change, types.RenameFile):
                files[editor.path(change.new_uri)] = files.pop(editor.path(change.old_uri))
            elif isinstance(change, types.CreateFile):
                files[editor.path(change.uri)] = ""
            elif isinstance(change, types.TextDocumentEdit):
                path = editor.path(change.text_document.uri)
                files[path] = applied(files.get(path, ""), list(change.edits))
        assert files == texts(twin)
        assert text_of(root, REVIEW).count(TITLE) == 1
        with pytest.raises(JsonRpcException, match="is the title of"):
            await editor.client.text_document_rename_async(
                types.RenameParams(**place, new_name="Threat Check Procedure")
            )

    talk(root, work)


def test_an_editor_that_cannot_rename_files_is_told_the_command(root: Path) -> None:
    async def work(editor: Editor) -> None:
        editor.open(REVIEW)
        params = types.RenameParams(**editor.at(REVIEW, "Design Review Procedure"), new_name="Other Procedure")
        with pytest.raises(JsonRpcException, match="procauthor rename"):
            await editor.client.text_document_rename_async(params)

    talk(root, work, renames=False)


def test_symbols_and_what_changes_on_disk(root: Path) -> None:
    async def work(editor: Editor) -> None:
        editor.open(REVIEW)
        await editor.findings(REVIEW)
        symbols = await editor.client.text_document_document_symbol_async(
            types.DocumentSymbolParams(types.TextDocumentIdentifier(editor.uri(REVIEW)))
        )
        assert [symbol.name for symbol in symbols] == [TITLE]
        workflow = next(child for child in symbols[0].children if child.name == "5. Workflow")
        assert [child.name for child in workflow.children] == [
            "Step 1: Draw the parts",
            "Step 2: Decide",
            "Step 3: Publish",
        ]

        async def search(query: str) -> set[str]:
            found = await editor.client.workspace_symbol_async(types.WorkspaceSymbolParams(query))
            return {symbol.name for symbol in found}

        assert await search("diagram") == {"Component Diagram"}
        assert await search("check procedure") == {"Threat Check Procedure"}
        (root / CHECK).write_text(text_of(root, CHECK).replace("# Threat Check", "# Danger Check"), encoding="utf-8")
        (root / "procauthor.toml").write_text(text_of(root, "procauthor.toml") + "[rules]\norphan = 'off'\n")
        for path in (CHECK, "procauthor.toml"):
            event = types.FileEvent(editor.uri(path), types.FileChangeType.Changed)
            editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        for _ in range(200):
            if await search("check procedure") == {"Danger Check Procedure"}:
                break
            await asyncio.sleep(0.1)
        assert await search("check procedure") == {"Danger Check Procedure"}
        (root / "procauthor.toml").write_text("[rules]\nnonsense = 'off'\n")
        event = types.FileEvent(editor.uri("procauthor.toml"), types.FileChangeType.Changed)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        await editor.until(lambda: len(editor.messages) > 0)
        assert "nonsense" in editor.messages[0]

    talk(root, work)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_columns_count_what_was_agreed(root: Path, encoding: str) -> None:
    async def session() -> None:
        editor = Editor(root, [encoding])
        result = await editor.start()
        assert result.capabilities.position_encoding == encoding
        editor.open(
            REVIEW, text_of(root, REVIEW).replace("- **Component Diagram** is", "- 😀ü **Component Diagram** is")
        )
        editor.type(REVIEW, editor.texts[REVIEW].replace("(threat-check.md)", "(gone.md)"))
        (shown,) = [d for d in await editor.findings(REVIEW) if d.code == "broken-link"]
        before = "- 😀ü **Component Diagram** is used by "
        units = {"utf-8": len(before.encode()), "utf-16": len(before) + 1, "utf-32": len(before)}
        assert shown.range.start.character == units[encoding]
        await editor.stop()

    asyncio.run(session())


def test_files_of_no_library_are_left_alone(root: Path, tmp_path: Path) -> None:
    lone = tmp_path / "lone"
    lone.mkdir()
    (lone / "note.md").write_text("# Note\n\n[x](gone.md)\n", encoding="utf-8")
    (root / "node_modules").mkdir()
    (root / "node_modules/readme.md").write_text("[x](gone.md)\n", encoding="utf-8")

    async def work(editor: Editor) -> None:
        editor.open(REVIEW)
        for path in ("../lone/note.md", "node_modules/readme.md", "procauthor.toml"):
            editor.open(path)
            symbols = await editor.client.text_document_document_symbol_async(
                types.DocumentSymbolParams(types.TextDocumentIdentifier(editor.uri(path)))
            )
            assert symbols is None
        await editor.findings(REVIEW)
        assert set(editor.shown) == {REVIEW}
        assert editor.messages == []
        assert not (lone / ".procauthor").exists()
        editor.open("feature/new.md", "# New Procedure\n\n[x](gone.md)\n")
        assert "broken-link" in {d.code for d in await editor.findings("feature/new.md")}

    talk(root, work)


def test_a_missing_server_library_is_one_sentence(root: Path) -> None:
    code = f"import sys; sys.modules['pygls'] = None; sys.argv = ['procauthor', '-C', {str(root)!r}, 'lsp']\n{MAIN}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert 'pip install "procauthor[lsp]"' in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_it_ends_without_a_word(root: Path) -> None:
    asked = (
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    )
    bodies = [json.dumps({"jsonrpc": "2.0", **each}).encode() for each in asked]
    sent = b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)
    command = [sys.executable, "-c", MAIN, "-C", str(root), "lsp"]
    done = subprocess.run(command, input=sent, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
