"""Where a new document goes, how its file is called and how it begins: as the documents beside it do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import PurePosixPath

from procauthor.convention.word import has_own_folder, title_heading, write_title
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import file_stem, stem_like
from procauthor.markdown.link import slugify
from procauthor.naming import title_key

# "0042-use-a-queue", "VA-07 Audit": letters that all names have before their number belong to it.
_NUMBER = re.compile(r"^((?:[^\W\d_]{1,8}[-_ ])?)(\d{1,6})(?=[-_. ])")
_FIELD = "{number}"
# Fields of our own that follow from the path.
_FOLLOWS = ("id", "lifecycle")
# What is of one document alone, whatever others have.
_OWN = frozenset(
    {"id", "title", "name", "description", "status", "lifecycle", "phase", "written_by", "open_questions", "open_proposals",
     "depends_on", "aliases", "alias_of", "permalink", "redirect_from", "slug", "url", "date", "superseded_by"}
)  # fmt: skip
_FEWEST = 3
_SEVERAL = 2
_NEARLY_ALL = 0.9
# So many documents say how the others begin.
_ENOUGH = 40


def new_path(library: Library, lifecycle: str, title: str) -> str:
    """Return the path of a new document; an empty string where nothing says where it belongs.

    Args:
        library: All documents.
        lifecycle: Its lifecycle; without one, it goes where the documents without one are, if that is what they are.
        title: Its title.
    """
    kin = [p for p in library.counted if title_key(p.lifecycle) == title_key(lifecycle)]
    if not lifecycle and len(kin) * 2 <= len(library.counted):
        return ""
    folder = _folder(library, lifecycle)
    like = kin or list(library.counted)
    if like and sum(has_own_folder(p.path) for p in like) * 2 > len(like):
        own = [p for p in like if has_own_folder(p.path)]
        name = _stem([(PurePosixPath(p.path).parent.name, p.title) for p in own], title)
        return _free(library, f"{folder}/{name}", f"/{_usual(PurePosixPath(p.path).name for p in own)}")
    name = _stem([(PurePosixPath(p.path).stem, p.title) for p in like], title)
    return _free(library, f"{folder}/{name}", _usual(PurePosixPath(p.path).suffix for p in like) or ".md")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a new document begins.

    Attributes:
        heading: The title as it is written; nothing where the title is not in a heading.
        front: What it has in its front matter as those beside it have: the title, and what is the same in nearly all.
        left: Fields of our own that those beside it do not have, as they follow from the path.
    """

    heading: str
    front: tuple[tuple[str, str | int], ...] = ()
    left: tuple[str, ...] = ()


def manner(library: Library, path: str, lifecycle: str, title: str) -> Manner:
    """Return how a new document begins at a path: as those in its folder, in its lifecycle, or all."""
    key, folder = title_key(lifecycle), _home_of(path)
    beside = [p for p in library.counted if _home(p) == folder]
    same = [p for p in library.counted if title_key(p.lifecycle) == key]
    kin = (beside or same or list(library.counted))[:_ENOUGH]
    if not kin:
        return Manner(title)
    patterns = kin[0].conventions.titles.patterns
    written = _usual(write_title(title, p.written_title, patterns) for p in kin)
    named = _usual(_title_field(p) for p in kin)
    front: dict[str, str | int] = {key: title if key == "name" else written for key in [named] if key}
    if "name" not in front and all(_is_named(p) for p in kin):
        front["name"] = PurePosixPath(path).parent.name
    front |= _shared([p.document.metadata if p.document.front_matter else {} for p in kin])
    declared = [p.document.metadata.keys() for p in kin]
    left = tuple(name for name in _FOLLOWS if sum(name in keys for keys in declared) * 2 <= len(kin))
    return Manner("" if named else written, tuple(front.items()), left)


def _is_named(procedure: Procedure) -> bool:
    """Say whether the field ``name`` of a document repeats the name of its folder, as in a skill."""
    return procedure.document.metadata.get("name") == PurePosixPath(procedure.path).parent.name


def heading_of(procedure: Procedure) -> str | None:
    """Return the title as the heading of a document has it; nothing where it is in the front matter, None without."""
    return "" if _title_field(procedure) else procedure.written_title or None


def _title_field(procedure: Procedure) -> str:
    """Return the field of the front matter that holds the title of a document without a heading for it."""
    sources = procedure.conventions.titles.sources
    if title_heading(procedure.document, first="first-heading" in sources):
        return ""
    if procedure.document.front_title:
        return "title"
    return "name" if "name" in sources and procedure.document.metadata.get("name") else ""


def _shared(fronts: Sequence[Mapping[str, object]]) -> dict[str, str | int]:
    """Return the fields that nearly all documents have with the same value: a layout, an owner."""
    result: dict[str, str | int] = {}
    for name in fronts[0] if len(fronts) >= _FEWEST else ():
        values = [str(front[name]) for front in fronts if name in front]
        usual = _usual(values)
        value = next(front[name] for front in fronts if str(front.get(name)) == usual)
        # A day or a list is of one document, even where all have the same.
        if name not in _OWN and isinstance(value, str | int) and values.count(usual) >= len(fronts) * _NEARLY_ALL:
            result[name] = value
    return result


def _home_of(path: str) -> str:
    place = PurePosixPath(path).parent
    return (place.parent if has_own_folder(path) else place).as_posix()


def _folder(library: Library, lifecycle: str) -> str:
    """Return the folder in which most documents of a lifecycle are, else a new one named as those of others."""
    key = title_key(lifecycle)
    homes = [_home(p) for p in library.procedures if title_key(p.lifecycle) == key and p.kind != "plan"]
    if homes:
        return _usual(sorted(homes))
    others = {_home(p): p.lifecycle for p in library.counted if p.lifecycle and _home(p) != "."}
    usual = PurePosixPath(_usual(_home(p) for p in library.counted if _home(p) in others) or ".")
    name = _stem([(PurePosixPath(home).name, name) for home, name in others.items()], lifecycle)
    return (usual.parent / (name if others else slugify(lifecycle))).as_posix()


def _home(procedure: Procedure) -> str:
    """Return the folder of a document, or the one above where it has a folder all its own."""
    return _home_of(procedure.path) if procedure.counted else PurePosixPath(procedure.path).parent.as_posix()


def _stem(known: Sequence[tuple[str, str]], title: str) -> str:
    """Return a name for a title as most names follow from theirs; a number before it is the next one."""
    # How words are joined shows only where there are several.
    telling = [(stem, old) for stem, old in known if len(old.split()) > 1] or known
    stems = [stem_like(stem, old, title) for stem, old in telling]
    plain = file_stem(title)
    # "Part 1 Work" in part-1-work.md: the number is a word of the title.
    numbered = [stem for stem, old in known if _NUMBER.match(stem) and not _NUMBER.match(file_stem(old))]
    matches = [match for stem in numbered if (match := _NUMBER.match(stem))]
    if len(known) < _SEVERAL and not matches:
        # One name shows no custom: that of the first document repeats a word of its title that others leave out.
        return plain
    if len(matches) * 2 <= len(known):
        return _usual((name for name, (stem, _) in zip(stems, telling, strict=True) if stem not in numbered), plain)
    name = _usual((_NUMBER.sub(rf"\g<1>{_FIELD}", stem) for stem in stems), plain)
    head, field, rest = name.partition(_FIELD)
    if not field:
        head, rest = _usual(match[1] for match in matches), f"-{name}"
    numbers = [match[2] for match in matches if match[1] == head] or [match[2] for match in matches]
    following = str(max(map(int, numbers)) + 1).zfill(len(numbers[-1]))
    return f"{head}{following}{rest}"


def _usual(values: Iterable[str], default: str = "") -> str:
    """Return the value that is there most often, the first of several."""
    return next((value for value, _ in Counter(values).most_common(1)), default)


def _free(library: Library, stem: str, ending: str) -> str:
    """Return a path that no file has: titles such as "C++ Build" and "C# Build" give the same name of a file."""
    taken = {path.casefold() for path in library.files}
    start = stem.removeprefix("./")
    names = chain((f"{start}{ending}",), (f"{start}-{number}{ending}" for number in count(2)))
    return next(name for name in names if name.casefold() not in taken)
