"""Documents that have a folder each, such as skills: known by one name of their files, and by their front matter."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

from procauthor.adoption.form import FEWEST, Form
from procauthor.convention.word import page_stem, words
from procauthor.data import grouped
from procauthor.library.library import folder_of
from procauthor.markdown.document import Document

_NEARLY_ALL = 0.9


def find_bundles(documents: Mapping[str, Document]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return such documents, and what is beside them or below: it belongs to them, and is no document of its own.

    So do folders among them of the same names, whose own document is not there. One or two such documents in a folder
    that holds most of the others are about these, and nothing belongs to them.

    Args:
        documents: Documents by path, without pages that show a folder, translations and templates.
    """
    named = grouped((PurePosixPath(path).name, path) for path in sorted(documents) if "/" in path)
    heads = [paths for paths in named.values() if _are_heads(paths, documents)]
    heads.sort(key=lambda paths: (_is_known(paths[0]), len(paths)))
    chosen = tuple(heads[-1]) if heads else ()
    homes = tuple(f"{folder_of(path)}/" for path in chosen)
    within = f"{posixpath.commonpath(homes)}/" if len(homes) > 1 and posixpath.commonpath(homes) else ""
    below = {path for path in documents if path.startswith(homes) and path not in chosen}
    beside = sum(f"{folder_of(path)}/" in homes for path in below)
    if len(chosen) < FEWEST <= beside and len(below) * 2 > len(documents):
        return chosen, frozenset()
    pieces = {_folder_below(path, homes) for path in below} - {""}
    alike = {path for path in documents.keys() - {*chosen} if within and _is_among(path, within, pieces)}
    return chosen, frozenset(below | alike)


def _folder_below(path: str, homes: tuple[str, ...]) -> str:
    """Return the name of the folder right below a home that holds a path, if there is one."""
    home = next(home for home in homes if path.startswith(home))
    return folder_of(path.removeprefix(home)).partition("/")[0]


def _is_among(path: str, within: str, names: AbstractSet[str]) -> bool:
    return path.startswith(within) and not names.isdisjoint(path.removeprefix(within).split("/")[:-1])


def _are_heads(paths: Sequence[str], documents: Mapping[str, Document]) -> bool:
    """Say whether files of one name each speak for their folder: by a known name, else by their front matter."""
    if _is_known(paths[0]):
        return True
    return len(paths) >= FEWEST and sum(_is_head(documents[path]) for path in paths) >= len(paths) * _NEARLY_ALL


def _is_known(path: str) -> bool:
    return page_stem(path) in words()["survey"]["bundles"]


def _is_head(document: Document) -> bool:
    """Say whether the front matter of a document says what is in its folder."""
    return document.fields.keys() >= set(words()["survey"]["bundle_keys"])


def with_bundle(forms: list[Form], chosen: tuple[str, ...]) -> list[Form]:
    """Return forms with one for such documents, where they do not share one already."""
    if len(chosen) < FEWEST or any(
        len(set(form.members) & set(chosen)) >= len(chosen) * _NEARLY_ALL for form in forms if form.is_firm
    ):
        return forms
    bundle = Form(chosen, (), frozenset(), is_bundle=True)
    return [bundle, *(form for form in forms if not set(form.members) & set(chosen))]
