"""Shows findings in the text, and offers their fixes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from procauthor.checking.fix import apply_fixes
from procauthor.finding import Finding, Severity
from procauthor.library.change import Change, Edit
from procauthor.library.library import Procedure
from procauthor.lsp.desk import Desk
from procauthor.lsp.rewriting import workspace_edit

SOURCE = "procauthor"
FIX_ALL = types.CodeActionKind.SourceFixAll
_SEVERITIES: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}


def show(desk: Desk, procedure: Procedure, findings: Iterable[Finding]) -> list[types.Diagnostic]:
    """Return the findings of a document as an editor shows them."""
    return [_diagnostic(desk, procedure, finding) for finding in findings]


def _diagnostic(desk: Desk, procedure: Procedure, finding: Finding) -> types.Diagnostic:
    return types.Diagnostic(
        range=desk.lines(procedure).range(*_span(procedure, finding)),
        message=f"{finding.message}\n{finding.hint}".rstrip(),
        severity=_SEVERITIES[finding.severity],
        code=finding.rule,
        code_description=_page(desk, finding),
        source=SOURCE,
        data={"fingerprint": finding.fingerprint, "code": finding.code},
    )


def _page(desk: Desk, finding: Finding) -> types.CodeDescription | None:
    url = desk.workspace.settings.check.help_url
    return types.CodeDescription(url.replace("{rule}", finding.rule)) if url else None


def _span(procedure: Procedure, finding: Finding) -> tuple[int, int]:
    """Return what a finding is about: the link at its place, else the rest of the line."""
    raw, starts = procedure.source.raw, procedure.source.line_starts
    line = starts[min(finding.line, len(starts)) - 1]
    end = raw.find(b"\n", line)
    text = raw[line : end if end >= 0 else len(raw)].decode(errors="replace")
    start = line + len(text[: finding.column - 1].encode())
    link = next((link for link in procedure.links if link.start == start), None)
    return start, link.end if link else max(line + len(text.rstrip().encode()), start)


def offer(desk: Desk, procedure: Procedure, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
    """Yield the fixes of what was found within a range, and one that applies all fixes of the document."""
    fixable = [finding for finding in desk.findings.get(procedure.path, ()) if finding.fix]
    only = params.context.only
    if _is_wanted(types.CodeActionKind.QuickFix, only):
        for finding in fixable:
            diagnostic = _diagnostic(desk, procedure, finding)
            if _meet(diagnostic.range, params.range):
                yield from _fix(desk, [finding], f"Fix {finding.rule}: {finding.message}", diagnostic)
    if only and _is_wanted(FIX_ALL, only):
        yield from _fix(desk, fixable, "Fix all that procauthor can fix for certain", None)


def _is_wanted(kind: str, only: Iterable[str] | None) -> bool:
    return not only or any(kind == each or kind.startswith(f"{each}.") for each in only)


def _meet(one: types.Range, two: types.Range) -> bool:
    return one.start <= two.end and two.start <= one.end


def _fix(
    desk: Desk, findings: list[Finding], title: str, diagnostic: types.Diagnostic | None
) -> Iterator[types.CodeAction]:
    """Yield the action that applies fixes, if the document is as it was when they were found and they can be proven."""
    library = desk.library
    fixed = apply_fixes(library, findings)
    edits = tuple(Edit(path, library.by_path[path].source.raw, raw) for path, raw in fixed.files.items())
    if edits:
        yield types.CodeAction(
            title=title,
            kind=types.CodeActionKind.QuickFix if diagnostic else FIX_ALL,
            diagnostics=[diagnostic] if diagnostic else None,
            is_preferred=True if diagnostic else None,
            edit=workspace_edit(desk, Change(edits)),
        )
