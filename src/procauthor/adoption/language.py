"""Documents that repeat others in another language: by the names of their files, or in folders for each language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from procauthor.adoption.notation import commonest
from procauthor.data import grouped
from procauthor.markdown.document import Document
from procauthor.regex import lazy

_ENDING = lazy(r"\.([a-z]{2}(?:-[A-Za-z]{2})?)\.md$")
_FOLDER = lazy(r"[a-z]{2}(?:[-_][A-Z][A-Za-z]{1,3})?")
_ORIGINAL = "en"
# Two letters may be a department ("hr", "it") as well: fewer documents with the same names are no translations.
_FEWEST = 3
_MOSTLY = 0.5


def find_translations(documents: Mapping[str, Document]) -> dict[str, tuple[str, ...]]:
    """Return the documents that repeat another one in another language, by language."""
    repeated = grouped((*_by_name(documents), *_by_folder(documents)))
    return {language: tuple(dict.fromkeys(paths)) for language, paths in repeated.items()}


def _by_name(documents: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    """Yield the documents with a language in their name.

    Those in the language that most documents have, or without one in their name, are repeated by the others.
    """
    named: dict[str, dict[str, str]] = {}
    for path in sorted(documents):
        match = _ENDING.search(path)
        if match:
            named.setdefault(path[: match.start()], {})[match[1]] = path
    many = {stem: versions for stem, versions in named.items() if len(versions) > 1}
    usual = commonest(chain.from_iterable(many.values()))
    for stem, versions in named.items():
        first = f"{stem}.md" if f"{stem}.md" in documents else versions.get(usual, "")
        for language, path in versions.items():
            if first and path != first and (stem in many or first == f"{stem}.md"):
                yield language, path


def _by_folder(documents: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    """Yield the documents below a folder for a language, where most of what is there is called as the originals are."""
    homes: dict[str, dict[str, list[str]]] = {}
    for home, language, rest in chain.from_iterable(map(_places, sorted(documents))):
        homes.setdefault(home, {}).setdefault(language, []).append(rest)
    for home, trees in homes.items():
        original = next((name for name in trees if name[:2] == _ORIGINAL), "")
        if not original and not any(len(name) > len(_ORIGINAL) for name in trees):
            continue
        there = {*(trees[original] if original else ()), *_beside(home, documents)}
        repeated = {name: there.intersection(rests) for name, rests in trees.items() if name != original}
        alike = [name for name, same in repeated.items() if len(same) >= len(trees[name]) * _MOSTLY]
        if sum(len(repeated[name]) for name in alike) >= _FEWEST:
            for name in alike:
                yield from ((name, f"{home}{name}/{rest}") for rest in trees[name])


def _places(path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the folders of a path that may be for a language: what is before it, its name, and what is below."""
    parts = path.split("/")
    for place, part in enumerate(parts[:-1]):
        if _FOLDER.fullmatch(part):
            yield "".join(f"{each}/" for each in parts[:place]), part, "/".join(parts[place + 1 :])


def _beside(home: str, documents: Mapping[str, Document]) -> Iterator[str]:
    """Yield the documents that a folder for a language may repeat: those beside it, and those from the root."""
    yield from documents
    yield from (path.removeprefix(home) for path in documents if path.startswith(home))
