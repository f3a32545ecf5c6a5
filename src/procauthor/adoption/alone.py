"""Documents without a form: those that tell what to do all the same, and those that only show or repeat others."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, product
from pathlib import PurePosixPath

from procauthor.adoption.form import FEWEST, Form, chapters, count_words
from procauthor.adoption.notation import ends_as_template
from procauthor.adoption.sign import count_duties, is_description, is_order, plain_text, shows_work
from procauthor.convention.word import page_stem, words
from procauthor.data import grouped
from procauthor.markdown.document import Block, Document, Item
from procauthor.naming import bare_name
from procauthor.regex import any_of, lazy
from procauthor.template.infer import sections_by_key
from procauthor.template.spec import section_key
from procauthor.template.spec import words as roles

_FEWEST_STEPS = 3
# Sections with these roles say what a document is about, of whatever kind it is.
_ABOUT = ("purpose", "scope", "card")
_MANY_ITEMS = 12
# Numbered items of so few words each may only name things.
_NAME_WORDS = 4
# One piece of code for a shell may only show what a program is called with.
_FEWEST_RUN = 2
# A link so few bytes behind the beginning of an item begins it.
_NEAR = 8
# A list with a link in most of its items leads to other pages.
_MOSTLY = 0.5
# In prose that tells what to do a word for it is among so many words.
_DUTIES = 0.02
_FEWEST_DUTIES = 4
# With fewer words a document says too little to be like those beside it.
_FEW_WORDS = 40
# A folder with no more documents than these says nothing of one of them.
_FEW_BESIDE = 3
_NEARLY_ALL = 0.8
_FEWEST_REPEATED = 2
_FEWEST_HEADINGS = 3
_HEADING = lazy(r"(?m)^\s*#{1,6}\s+(\S.*)")
_NAME_END = lazy(r"[*`:(]|\s[-–—]\s")
_BOLD_STEP = lazy(r"\*\*\s*\d{1,3}\s*[.:)]")
_TOKEN = lazy(r"[^\W_]+")


def find_work(documents: Mapping[str, Document], forms: Sequence[Form], root: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the documents without a form that say what to do, in steps, each with whether a plain sign says so.

    Args:
        documents: Documents by path, without pages that show a folder, translations and templates.
        forms: The forms that some of them share.
        root: The folder of the pages of a site, which are not about the repository, whatever they are called.
    """
    taken = set(chain.from_iterable(form.members for form in forms))
    keys = {path: frozenset(sections_by_key(document)) for path, document in documents.items()}
    own = {path: documents[path] for path in documents.keys() - taken if not _is_about_other(path, root)}
    free = {path: document for path, document in sorted(own.items()) if not _is_no_work(path, document)}
    plain = {path for path, document in free.items() if _is_plain(path, document)}
    weak = (path for path in free.keys() - plain if shows_work(_titles(path, free[path]), free[path]))
    told = plain.union(weak)
    rarest = _by_rarest(keys.values())
    for path in (*sorted(told), *_alike(free.keys() - told, told | taken, documents)):
        if not any(describes(free[path], form) for form in forms) and not _repeats(keys[path], rarest):
            yield path, path in plain


def _alike(paths: Iterable[str], work: set[str], documents: Mapping[str, Document]) -> Iterator[str]:
    """Yield what says something where nearly all documents tell what to do: their team keeps work there.

    The nearest folder with several documents decides, those below it among them; and beside it there is some work.
    """
    said = {path for path, document in documents.items() if count_words(document) > _FEW_WORDS}
    told, every = (Counter(chain.from_iterable(map(_folders, each))) for each in (work, said.union(work)))
    for path in sorted(said.intersection(paths)):
        home = next((folder for folder in _folders(path) if every[folder] > _FEW_BESIDE), None)
        if home is not None and told[_folders(path)[0]] and told[home] >= every[home] * _NEARLY_ALL:
            yield path


def _folders(path: str) -> list[str]:
    """Return the folders that hold a path, the nearest first."""
    return [parent.as_posix() for parent in PurePosixPath(path).parents]


def describes(document: Document, form: Form) -> bool:
    """Say whether a document shows a form to those who write: its chapters in pieces of code, or as names in lists."""
    names = chapters(form)
    own = {section_key(section.title) for section in document.sections if section.heading}
    code = (block.text for block in document.blocks if block.kind == "code")
    shown = set(map(section_key, chain.from_iterable(map(_HEADING.findall, code))))
    items = chain.from_iterable(block.items for block in document.blocks)
    listed = {section_key(_NAME_END.split(item.text.lstrip("*` "), 1)[0]) for item in items}
    in_code = len(shown & names) >= max(2, len(names) * _MOSTLY)
    return in_code or (len(names) > 1 and names <= listed | own and not names <= own)


def is_chance(form: Form, documents: Mapping[str, Document]) -> bool:
    """Say whether documents share general headings by chance: as few as can be, and nothing in them is to be done.

    A heading that says what its section means, other than what the document is about, makes a form of few as well.
    """
    meant = frozenset(
        chain.from_iterable(word.headings for role, word in roles().sections.items() if role not in _ABOUT)
    )
    if len(form.members) > FEWEST or form.is_bundle or form.begun or not meant.isdisjoint(chapters(form)):
        return False
    return not any(map(_acts, (documents[path] for path in form.members)))


def _acts(document: Document) -> bool:
    """Say whether a document has anything numbered, to be ticked, or in code."""
    items = chain.from_iterable(block.items for block in document.blocks)
    code = any(block.kind == "code" for block in document.blocks)
    return code or any(item.number is not None or item.checked is not None for item in items)


def _is_about_other(path: str, root: str) -> bool:
    """Say whether the name of a file says that it is about the repository, or reports on work that was done.

    A report has a date or a number in its name, or is kept with others: how to write one is work.
    """
    tokens = _TOKEN.findall(bare_name(path).casefold())
    table = words()["survey"]
    home = _TOKEN.findall(PurePosixPath(path).parent.name.casefold())
    reports = set(table["reports"])
    dated = any(token.isdecimal() for token in tokens) or reports.issuperset(tokens)
    report = not reports.isdisjoint((*(tokens if dated else ()), *home))
    shown = bool(root) and path.startswith(f"{root}/")
    return report or (not shown and "-".join(tokens) in table["repository"])


def lists_changes(path: str, document: Document) -> bool:
    """Say whether a file lists what changed, by its name or that of its folder: it is no work and has no form.

    How to write such a list is work.
    """
    if any(map(_says_how, _titles(path, document))):
        return False
    place = PurePosixPath(path)
    names = ("-".join(_TOKEN.findall(name.casefold())) for name in (bare_name(path), place.parent.name))
    return any(
        re.match(rf"{re.escape(word)}(?:-|\Z)", name) for name, word in product(names, words()["survey"]["changelogs"])
    )


def _says_how(title: str) -> bool:
    """Say whether a title is an order, and no name of a list of changes, such as "Release notes" or "Change log"."""
    first = next(iter(_TOKEN.findall(title.casefold())), "")
    return first not in words()["survey"]["changed"] and is_order(title)


def _is_plain(path: str, document: Document) -> bool:
    """Say whether a document has a plain sign of work.

    It is its kind of file, a folder or a title that says so, steps, pieces of code that are to be run, or a text full
    of duties.
    """
    table = words()["survey"]
    if page_stem(path) in table["bundles"]:
        return True
    if PurePosixPath(path).parent.name.casefold() in table["work_folders"] or any(
        map(_is_named, _titles(path, document))
    ):
        return True
    run = sum(map(_is_run, document.blocks))
    return run >= _FEWEST_RUN or _has_steps(document) or _obliges(document)


def _is_no_work(path: str, document: Document) -> bool:
    """Say whether a document shows a form, or describes something, by what it is called: no other sign is as sure."""
    return ends_as_template(path) or all(map(is_description, _titles(path, document)))


def _titles(path: str, document: Document) -> list[str]:
    """Return what a document is called: by its titles, else by the name of its file."""
    titles = [title for title in (document.title, document.front_title) if title]
    return titles or [" ".join(_TOKEN.findall(bare_name(path)))]


def _obliges(document: Document) -> bool:
    """Say whether a text in prose says in many of its sentences what its reader has to do."""
    text = plain_text(document)
    return count_duties(text) >= max(_FEWEST_DUTIES, len(text.split()) * _DUTIES)


def _is_run(block: Block) -> bool:
    """Say whether a piece of code is run in a shell: it says so, or names no language and begins with a program."""
    table = words()["survey"]
    if block.kind != "code":
        return False
    # Before it there may be the signs of a prompt.
    first = next((word for word in block.text.split(maxsplit=3)[:3] if word == "$" or word[0].isalpha()), "")
    return block.language in table["shells"] or (not block.language and first in ("$", *table["programs"]))


def _is_named(title: str) -> bool:
    """Say whether a title says that a document tells what to do."""
    table = words()["survey"]
    first, *_, last = _TOKEN.findall(title.casefold()) * 2 or ("", "")
    begins = tuple(f"{begin} " for begin in table["how_to"])
    return title.casefold().startswith(begins) or bool({first, last} & set(table["works"]))


def _has_steps(document: Document) -> bool:
    """Say whether a document has numbered items, boxes to tick or numbered headings, or is for the most part items."""
    links = [link.start for link in document.links if not link.image]
    texts = (document.source.slice(block.start, block.end) for block in document.blocks if block.kind == "paragraph")
    numbered = sum(bool(_step().match(section.title)) for section in document.sections if section.heading)
    lists = [block.items for block in document.blocks if block.items]
    if max(numbered, sum(map(_begins_bold_step, texts))) >= _FEWEST_STEPS or _are_steps(lists, links):
        return True
    every = list(chain.from_iterable(lists))
    words_in_items = sum(len(item.text.split()) for item in every)
    whole = count_words(document)
    return len(every) >= _MANY_ITEMS and words_in_items >= whole * _MOSTLY and not _lead_away(every, links)


@lru_cache(maxsize=1)
def _step() -> re.Pattern[str]:
    """Return what a heading begins with that is a step: a number, perhaps behind a word for it."""
    names = any_of(roles().steps)
    return re.compile(rf"(?:[^:]{{1,40}}:\s+)?(?:(?:{names})\s+)?\d{{1,3}}\s*[:.)–—-]\s+\S", re.IGNORECASE)


def _begins_bold_step(text: str) -> bool:
    return _BOLD_STEP.match(text) is not None


def _are_steps(lists: Iterable[Sequence[Item]], links: Sequence[int]) -> bool:
    """Say whether a list has several steps, or several lists have some each."""
    steps = ([item for item in items if item.number is not None or item.checked is not None] for items in lists)
    counts = [
        len(items) for items in steps if len(items) > 1 and not _lead_away(items, links) and not _are_things(items)
    ]
    return max(counts, default=0) >= _FEWEST_STEPS or sum(counts) > _FEWEST_STEPS


def _are_things(items: Sequence[Item]) -> bool:
    """Say whether items are few words each, none of them an order and none to be ticked: they name something."""
    named = [item.text for item in items if item.checked is None]
    short = sum(len(text.split()) for text in named) <= len(items) * _NAME_WORDS
    return short and len(named) == len(items) and not any(map(is_order, named))


def _lead_away(items: Sequence[Item], links: Sequence[int]) -> bool:
    """Say whether most items begin with a link."""
    leading = (bisect_left(links, item.start) < bisect_left(links, item.start + _NEAR) for item in items)
    return sum(leading) > len(items) * _MOSTLY


def _by_rarest(headings: Iterable[frozenset[str]]) -> Mapping[str, Sequence[frozenset[str]]]:
    """Return the headings of documents that have several, each set of them once, by the one that fewest others have."""
    several = {keys for keys in headings if len(keys) >= _FEWEST_HEADINGS}
    counts = Counter(chain.from_iterable(several))
    return grouped((min(keys, key=lambda key: (counts[key], key)), keys) for keys in several)


def _repeats(own: frozenset[str], rarest: Mapping[str, Sequence[frozenset[str]]]) -> bool:
    """Say whether a document holds all the headings of several others: it was put together from them.

    Args:
        own: Its headings.
        rarest: Those of all documents, as `_by_rarest` gives them, so that few have to be compared.
    """
    near = chain.from_iterable(rarest.get(key, ()) for key in own)
    return sum(keys < own for keys in near) >= _FEWEST_REPEATED
