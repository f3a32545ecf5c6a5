"""A draft, and a file that changed while it waited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from procauthor.authoring.draft import Draft
from procauthor.errors import ConflictError
from procauthor.library.library import Library, read_procedure
from procauthor.markdown.merge import Clash, Merged, merge

if TYPE_CHECKING:
    from procauthor.authoring.records import Records

_RUN = re.compile(rb"`+")
_LEAST_FENCE = 3


class ClashError(ConflictError):
    """The draft and the file changed the same place in different ways."""

    def __init__(self, message: str, hint: str = "", clashes: Sequence[Clash] = ()) -> None:
        super().__init__(message, hint)
        self.clashes = tuple(clashes)


def merge_draft(draft: Draft, raw: bytes | None) -> Merged:
    """Merge a draft with the file as it is now.

    Raises:
        ConflictError: The file is gone, or is there although the draft is for a new one.
        ClashError: Both changed the same place.
    """
    again = f"reject {draft.id!r} and make it again; the draft is kept until then"
    if raw is None:
        message = f"{draft.path} was deleted since the draft {draft.id!r} was based on it"
        raise ConflictError(message, again)
    if draft.base_text is None:
        message = f"{draft.path} was written since the draft {draft.id!r} was made for a new file"
        raise ConflictError(message, again)
    merged = merge(draft.base_text.encode(), draft.text.encode(), raw)
    if merged.clashes:
        places = ", ".join(dict.fromkeys(repr(c.heading or "the head of the document") for c in merged.clashes))
        message = f"{draft.path} changed since the draft {draft.id!r} was based on it, and both change {places}"
        raise ClashError(message, "procauthor accept writes both texts to a side file", merged.clashes)
    return merged


def merge_note(draft: Draft, merged: Merged) -> str:
    """Return the sentence that says what was merged."""
    ours, theirs = ", ".join(merged.ours) or "nothing", ", ".join(merged.theirs) or "nothing"
    return f"{draft.path} changed since the draft was made; merged (draft: {ours}; file: {theirs})"


def refuse_new_errors(records: Records, library: Library, draft: Draft, text: bytes) -> None:
    """Refuse a merge in which each half is right and the whole is not.

    Raises:
        ConflictError: The merged document has errors that the file does not have.
    """
    present = {f.fingerprint for f in records.workspace.check(library, [draft.path]).findings}
    merged = read_procedure(draft.path, text, records.workspace.settings, records.workspace.templates)
    laid = records.workspace.with_derived(library.overlay(merged))
    found = records.workspace.check(laid, [draft.path]).findings
    errors = [f for f in found if f.severity == "error" and f.fingerprint not in present]
    if errors:
        message = f"{draft.path} changed since the draft {draft.id!r} was based on it, and the two do not go together"
        raise ConflictError(
            message, f"line {errors[0].line} would say: {errors[0].message}; reject it and make it again"
        )


def conflict_text(draft: Draft, clashes: Sequence[Clash]) -> bytes:
    """Return a side file that holds all versions of each place, byte for byte within fences."""
    parts = [
        f"# Conflict in {draft.path}\n\nThe draft `{draft.id}` and the file changed the same places since the draft "
        "was made.\nThe file is as it was. Edit it, then accept the draft again, or reject it.\n".encode()
    ]
    for clash in clashes:
        parts.append(f"\n## {clash.heading or 'The head of the document'}\n".encode())
        versions = (("Before", clash.base), ("In the draft", clash.ours), ("In the file now", clash.theirs))
        parts += [f"\n### {name}\n\n".encode() + _fenced(raw) for name, raw in versions]
    return b"".join(parts)


def _fenced(raw: bytes) -> bytes:
    longest = max((len(run) for run in _RUN.findall(raw)), default=0)
    fence = b"`" * max(_LEAST_FENCE, longest + 1)
    return fence + b"markdown\n" + raw + (b"" if raw.endswith(b"\n") else b"\n") + fence + b"\n"
