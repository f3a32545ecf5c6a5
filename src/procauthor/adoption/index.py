"""Which document is the index of a library: that which lists the most of the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import PurePosixPath

from procauthor.adoption.guess import Guess
from procauthor.adoption.notation import is_page
from procauthor.convention.word import known_marks, plain_name, read_title, words
from procauthor.library.index import Listed, entries, index_of, list_items
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import page_folder, read_links, resolve_on_site
from procauthor.markdown.document import Document
from procauthor.naming import title_key
from procauthor.procedure import DONE, Status
from procauthor.regex import lazy
from procauthor.settings import Conventions, TitleConventions

_FEWEST = 2
_MOST_FOLDERS = 2
_TOKEN = lazy(r"[^\W_]+")
_MANY = 0.3
# An index with fewer of the documents than this is asked about.
_WHOLE = 0.9
# Fewer documents with a sign do not say what it means.
_FEWEST_SIGNS = 3
_SIGN = lazy(r"[^\w\s\x00-\u2000\u2010-\u206f\ufe0e\ufe0f]")


def find_index(documents: Mapping[str, Document], usual: str, conventions: Conventions) -> str:
    """Return the path of the document that lists the most others, or the usual one where none lists enough of them.

    Args:
        documents: All documents by path.
        usual: The path of the index where no other lists more.
        conventions: What is known of titles and links.
    """
    names = {title_key(_name(document, conventions.titles)): path for path, document in documents.items()}
    names.pop("", None)
    counts = {path: _listed(path, documents, names, conventions) for path in documents if _may_be_index(path)}
    best = max(counts, key=lambda path: (counts[path], path == usual, -path.count("/"), path), default=usual)
    at_top = str(PurePosixPath(best).parent) in (".", conventions.site_root)
    # A page in some folder that lists a few of all documents is the list of its folder.
    least = _FEWEST if at_top else max(_FEWEST, len(documents) * _MANY)
    return best if counts.get(best, 0) >= least else usual


def index_guess(index: str, listed: list[Listed], paths: set[str], keys: Mapping[str, str]) -> Guess:
    """Return how sure an index is: it lists nearly all that is counted.

    Args:
        index: Its path.
        listed: What it lists.
        paths: The paths of the counted documents.
        keys: These paths by the keys of their titles.
    """
    there = {each.path if each.path in paths else keys.get(each.key, "") for each in listed} & paths
    share = len(there) / len(paths) if paths else 0.0
    weak = bool(paths) and share < _WHOLE
    question = f"is {index} the index of all procedures? it lists {len(there)} of {len(paths)}" if weak else ""
    examples = tuple(f"{each.host}:{each.line}" for each in listed[:2])
    confidence = 0.5 if weak else 0.95
    return Guess("index", index, confidence, len(there), len(paths), examples, question, "index-missing-entry")


def find_marks(library: Library) -> Iterator[tuple[str, Status, Guess]]:
    """Yield the signs in the index that say a status and do not ship, by the states of the documents that have them."""
    index = index_of(library)
    seen: dict[str, list[tuple[Status, str]]] = {}
    for text, line, document in _listed_documents(library, index) if index else ():
        for sign in _SIGN.findall(text):
            state: Status = "defined" if document.status in DONE else document.status
            seen.setdefault(sign, []).append((state, f"{document.path}:{line}"))
    for sign, states in seen.items():
        (state, count), *_ = Counter(state for state, _ in states).most_common(1)
        if sign not in known_marks({}) and count >= max(_FEWEST_SIGNS, len(states) * _WHOLE):
            examples = tuple(place for _, place in states[:2])
            yield sign, state, Guess("index.marks", f"{sign} = {state}", 0.8, count, len(states), examples)


def _listed_documents(library: Library, index: Procedure) -> Iterator[tuple[str, int, Procedure]]:
    """Yield the texts of the items and cells of an index that say something of a document, with their lines."""
    for each in list_items(library, index):
        document = library.by_path.get(each.listed.path or "") or _only(library, each.listed.key)
        if document:
            yield each.item.text, each.item.line, document
    for entry in entries(library, index):
        cell = entry.table.cell(entry.row, "status")
        document = library.by_path.get(entry.path or "") or _only(library, entry.key)
        if cell and document:
            yield cell.text, entry.row.line, document


def _only(library: Library, key: str) -> Procedure | None:
    named = library.by_key.get(key, ())
    return named[0] if len(named) == 1 else None


def _may_be_index(path: str) -> bool:
    place = PurePosixPath(path)
    tokens = {token.casefold() for token in _TOKEN.findall(place.stem)}
    named = is_page(place.stem) or not tokens.isdisjoint(words()["survey"]["indexes"])
    return named and path.count("/") <= _MOST_FOLDERS


def _listed(path: str, documents: Mapping[str, Document], names: Mapping[str, str], conventions: Conventions) -> int:
    """Return how many other documents one links to, or names in an item or a cell."""
    document = documents[path]
    texts = [item.text for item in chain.from_iterable(block.items for block in document.blocks)]
    rows = chain.from_iterable(block.rows for block in document.blocks)
    texts += [row.cells[0].text for row in rows if row.cells]
    named = {names.get(title_key(re.split(r"\s[-–—]\s|[(:]", text, maxsplit=1)[0])) for text in texts}
    folder = page_folder(path, document, conventions)
    links = read_links(document, conventions)
    targets = (resolve_on_site(path, link.target, conventions, folder) for link in links)
    linked = {next((each for each in target.paths if each in documents), None) for target in targets}
    return len((named | linked) - {None, path})


def _name(document: Document, titles: TitleConventions) -> str:
    return plain_name(read_title(document, titles), titles.patterns)
