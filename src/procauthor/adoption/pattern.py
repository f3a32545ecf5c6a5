"""Path patterns of the settings: which documents have which template."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from procauthor.adoption.form import FEWEST
from procauthor.adoption.notation import commonest
from procauthor.data import grouped, ungrouped
from procauthor.library.library import folder_of
from procauthor.naming import escape_pattern

_MANY = 2
_PLAIN = ".md"


def path_patterns(forms: Mapping[str, str]) -> dict[str, str]:
    """Return path patterns that give every document its template; exceptions within a folder come first.

    Args:
        forms: The name of its template, or an empty one, by the path of each document.
    """
    folders = grouped((PurePosixPath(path).parent.as_posix(), path) for path in sorted(forms))
    usual = {folder: commonest(forms[path] for path in paths) for folder, paths in folders.items()}
    single = _single_names(forms)
    wanted = {f: usual[f] for f in folders if not all(PurePosixPath(p).name in single for p in folders[f])}
    patterns = {f"*/{name}": form for name, form in single.items()} | _folder_patterns(wanted, sorted(wanted))
    plain = all(path.lower().endswith(_PLAIN) for path in forms)
    # Behind the ending of Markdown there may be that of a program, as in ``a.html.md.erb``.
    kept = patterns if plain else {_with_any_ending(pattern): name for pattern, name in patterns.items()}
    exceptions = (path for path in sorted(forms) if (match_path(kept, path) or "") != forms[path])
    return {escape_pattern(path): forms[path] for path in exceptions} | kept


def fold_paths(paths: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    """Yield patterns that match some paths and none of the others: one for a folder where it is full of them."""
    rest = list(others)
    for home, inside in grouped((folder_of(path), path) for path in sorted(paths)).items():
        endings = {PurePosixPath(path).name.partition(".")[2] for path in inside}
        pattern = f"{escape_pattern(home)}/*.{min(endings)}" if home else f"*.{min(endings)}"
        whole = len(inside) >= FEWEST and len(endings) == 1 and not any(fnmatchcase(each, pattern) for each in rest)
        yield from (pattern,) if whole else map(escape_pattern, inside)


def _single_names(forms: Mapping[str, str]) -> dict[str, str]:
    """Return the names of files that are the only ones of their template in a folder, with the one that all have."""
    alike = Counter((PurePosixPath(path).parent, form) for path, form in forms.items())
    by_name: dict[str, set[str]] = {}
    for path, form in forms.items():
        place = PurePosixPath(path)
        alone = alike[place.parent, form] == 1 and place.parent.name
        by_name.setdefault(place.name, set()).add(form if alone else "")
    counts = Counter(PurePosixPath(path).name for path in forms)
    return {
        name: next(iter(result))
        for name, result in by_name.items()
        if counts[name] >= FEWEST and len(result) == 1 and "" not in result
    }


def match_path(patterns: Mapping[str, str], path: str) -> str | None:
    """Return what the settings would say of a document."""
    return next((n for p, n in patterns.items() if fnmatchcase(path, p) or fnmatchcase(path, f"**/{p}")), None)


def _with_any_ending(pattern: str) -> str:
    return f"{pattern}*" if pattern.endswith(f"*{_PLAIN}") else pattern


def _folder_patterns(wanted: Mapping[str, str], folders: Sequence[str]) -> dict[str, str]:
    members = grouped((name, folder) for folder, name in wanted.items() if name)
    common = ungrouped((name, _common(homes, folders)) for name, homes in members.items())
    result = {pattern: name for name, pattern in common}
    rest = sorted((f for f in wanted if wanted[f]), key=lambda f: -f.count("/") - (f != "."))
    result |= {_pattern(f): wanted[f] for f in rest if _match(result, f) is None}
    # A star matches slashes too, so a pattern may catch folders below that have another form: these come first.
    for folder in sorted(folders, key=lambda f: f.count("/") + (f != ".")):
        if (_match(result, folder) or "") != wanted.get(folder, ""):
            result = {_pattern(folder): wanted.get(folder, ""), **result}
    return result


def _common(members: Sequence[str], folders: Sequence[str]) -> Iterator[str]:
    """Yield one pattern for many folders below one, where they are most of what is there."""
    parent = posixpath.commonpath(members) or "."
    below = [f for f in folders if parent in (".", f) or f.startswith(f"{parent}/")]
    if len(members) > _MANY and len(members) > len(below) / 2:
        # Documents of another form right in the parent would need an exception that covers all below it, too.
        yield _pattern(parent) if parent in members or parent not in below else _pattern(parent, below=True)


def _pattern(folder: str, *, below: bool = False) -> str:
    escaped = "" if folder == "." else f"{escape_pattern(folder)}/"
    return f"{escaped}*/*.md" if below else f"{escaped}*.md"


def _match(patterns: Mapping[str, str], folder: str) -> str | None:
    """Return what the settings would say of a document in a folder."""
    return match_path(patterns, "x.md" if folder == "." else f"{folder}/x.md")
