"""Documents that have a folder each, such as skills: known by one name of their files, and by their front matter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from procauthor.adoption.form import FEWEST, Form
from procauthor.convention.word import page_stem, words
from procauthor.markdown.document import Document

_NEARLY_ALL = 0.9


def find_bundles(documents: Mapping[str, Document]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return such documents, and what is beside them or below: it belongs to them, and is no document of its own.

    Args:
        documents: Documents by path, without pages that show a folder, translations and templates.
    """
    named: dict[str, list[str]] = {}
    for path in sorted(documents):
        if "/" in path:
            named.setdefault(PurePosixPath(path).name, []).append(path)
    heads = [
        paths
        for paths in named.values()
        if len(paths) >= FEWEST and sum(_is_head(path, documents[path]) for path in paths) >= len(paths) * _NEARLY_ALL
    ]
    heads.sort(key=len)
    chosen = tuple(heads[-1]) if heads else ()
    homes = tuple(f"{PurePosixPath(path).parent.as_posix()}/" for path in chosen)
    return chosen, frozenset(path for path in documents if path.startswith(homes) and path not in chosen)


def _is_head(path: str, document: Document) -> bool:
    """Say whether the front matter of a document says what is in its folder; one with a known name needs no other."""
    table = words()["survey"]
    keys = table["bundle_keys"][-1:] if page_stem(path) in table["bundles"] else table["bundle_keys"]
    return document.fields.keys() >= set(keys)


def with_bundle(forms: list[Form], chosen: tuple[str, ...]) -> list[Form]:
    """Return forms with one for such documents, where they do not share one already."""
    if not chosen or any(len(set(form.members) & set(chosen)) * 2 > len(chosen) for form in forms if form.is_firm):
        return forms
    bundle = Form(chosen, (), frozenset(), is_bundle=True)
    return [bundle, *(form for form in forms if not set(form.members) & set(chosen))]
