"""Adopts a folder of documents: proposes the templates that they share, and writes settings and a baseline only."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from procauthor.checking.baseline import FILE_NAME as BASELINE
from procauthor.errors import LibraryError
from procauthor.library.disk import locate
from procauthor.library.library import Library, read_library
from procauthor.settings import FILE_NAME, LibrarySettings
from procauthor.template.infer import Inferred, infer
from procauthor.template.store import TemplateStore
from procauthor.workspace import Workspace
from procauthor.workspace.check import update_baseline

_INDEX_NAMES = ("index.md", "INDEX.md", "README.md", "readme.md")
_HEAD = """# Settings of this library. `templates` maps a path pattern to the name of a template: a file in the folder
# "templates", or one of: orchestration, procedure, runbook, standard. The first pattern that matches counts.
# A star also stands for slashes, and an empty name means no template.

"""
_MANY = 2


@dataclass(frozen=True, slots=True)
class Proposed:
    """A template for some documents; ``shipped`` where procauthor has one with the same headings."""

    name: str
    inferred: Inferred
    shipped: bool


@dataclass(frozen=True, slots=True)
class Adoption:
    """What adopting a folder would write: files by path, without the baseline."""

    folder: Path
    documents: int
    templates: tuple[Proposed, ...]
    patterns: Mapping[str, str]
    index: str
    files: Mapping[str, bytes] = field(default_factory=dict)


def propose(folder: Path) -> Adoption:
    """Return what adopting the documents of a folder would write. Nothing is written."""
    index = next((name for name in _INDEX_NAMES if (folder / name).is_file()), "index.md")
    library = read_library(folder, LibrarySettings(index=index), TemplateStore())
    # Plans, READMEs and indexes have no form in common with what they speak of.
    documents = {
        p.path: p.document for p in library.procedures if p.kind not in ("index", "readme", "plan", "template")
    }
    templates = tuple(_named(infer(documents), folder))
    patterns = _patterns(templates, sorted(_folders(documents)))
    own = {f"templates/{t.name}.md": t.inferred.render(t.name).encode() for t in templates if not t.shipped}
    files = {FILE_NAME: _settings(index if (folder / index).is_file() else "", patterns), **own}
    return Adoption(folder, _count(library), templates, patterns, index, files)


def adopt(adoption: Adoption) -> tuple[list[str], int]:
    """Write the settings, the templates, and a baseline where there are findings; return the paths and their number.

    Raises:
        LibraryError: It cannot be written, or a file of that name is there; what was written is taken back.
    """
    places = {path: locate(adoption.folder, path) for path in adoption.files}
    written: list[str] = []
    try:
        for path, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                written.append(path)
                file.write(adoption.files[path])
    except OSError as error:
        for path in written:
            (adoption.folder / path).unlink(missing_ok=True)
        message = f"cannot write to {str(adoption.folder)!r}: {error.strerror}"
        raise LibraryError(message, "nothing was changed") from error
    known = len(update_baseline(Workspace.open(adoption.folder)).entries)
    if known:
        with (adoption.folder / FILE_NAME).open("ab") as file:
            file.write(f'\n[check]\nbaseline = "{BASELINE}"\n'.encode())
        return [*written, BASELINE], known
    (adoption.folder / BASELINE).unlink()
    return written, 0


def _count(library: Library) -> int:
    return len(library.procedures) + len(library.unread)


def _folders(paths: Collection[str]) -> set[str]:
    return {PurePosixPath(path).parent.as_posix() for path in paths}


# Names


def _named(found: Sequence[Inferred], folder: Path) -> Iterator[Proposed]:
    """Give each template a name: that of a shipped one with the same headings, else of the folder of its documents."""
    store = TemplateStore()
    known = {frozenset(s.key for s in store.get(name).required): name for name in store.names()}
    taken = {*store.names(), *(file.stem for file in (folder / "templates").glob("*.md"))}
    for inferred in found:
        same = known.get(inferred.required)
        if same and not (folder / "templates" / f"{same}.md").exists():
            yield Proposed(same, inferred, shipped=True)
            continue
        common = PurePosixPath(posixpath.commonpath(inferred.folders)).name
        stem = "-".join(re.findall(r"\w+", (common or folder.resolve().name).casefold())) or "document"
        name = next(n for n in (stem, *(f"{stem}-{k}" for k in range(2, len(taken) + 3))) if n not in taken)
        taken.add(name)
        yield Proposed(name, inferred, shipped=False)


# Patterns


def _patterns(templates: Sequence[Proposed], folders: Sequence[str]) -> dict[str, str]:
    """Return path patterns that give every folder its template, and none to those that have none."""
    wanted = {folder: t.name for t in templates for folder in t.inferred.folders}
    found = {p: t.name for t in templates for p in _common(t.inferred.folders, folders)}
    rest = sorted(wanted, key=lambda f: -f.count("/") - (f != "."))
    found |= {_pattern(f): wanted[f] for f in rest if _match(found, f) is None}
    # A star stands for slashes too, so a pattern may catch folders below that have another form: these come first.
    for folder in sorted(folders, key=lambda f: f.count("/") + (f != ".")):
        if (_match(found, folder) or "") != wanted.get(folder, ""):
            found = {_pattern(folder): wanted.get(folder, ""), **found}
    return found


def _common(members: Sequence[str], folders: Sequence[str]) -> Iterator[str]:
    """Yield one pattern for many folders below one, where they are most of what is there."""
    parent = posixpath.commonpath(members) or "."
    below = [f for f in folders if parent in (".", f) or f.startswith(f"{parent}/")]
    if len(members) > _MANY and len(members) > len(below) / 2:
        # Documents of another form right in the parent would need an exception that covers all below it, too.
        yield _pattern(parent) if parent in members or parent not in below else _pattern(parent, below=True)


def _pattern(folder: str, *, below: bool = False) -> str:
    escaped = "" if folder == "." else re.sub(r"([*?\[])", r"[\1]", folder) + "/"
    return f"{escaped}*/*.md" if below else f"{escaped}*.md"


def _match(patterns: Mapping[str, str], folder: str) -> str | None:
    """Return what the settings would say of a document in a folder."""
    path = "x.md" if folder == "." else f"{folder}/x.md"
    return next((n for p, n in patterns.items() if fnmatchcase(path, p) or fnmatchcase(path, f"**/{p}")), None)


def _settings(index: str, patterns: Mapping[str, str]) -> bytes:
    lines = [f"{_HEAD}[library]", f"index = {_quoted(index)}", ""] if index else [_HEAD.rstrip("\n"), ""]
    lines.append("[templates]")
    lines += [f"{_quoted(pattern)} = {_quoted(name)}" for pattern, name in patterns.items()]
    if not patterns:
        lines.append('# "*/*.md" = "procedure"')
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    """Return a TOML string; a name that is no UTF-8 cannot be written in one, so any character matches there."""
    clean = "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text)
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
