"""Forms that documents of a library share: found over all of them by their headings, and only then given to paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import PurePosixPath

from procauthor.data import grouped
from procauthor.library.library import folder_of
from procauthor.markdown.document import Document, Section
from procauthor.template.infer import above, sections_by_key

FEWEST = 3
"""Fewer documents have no form."""
# One heading in common ("Resources") is a habit; two or more are a form.
_FEWEST_SHARED = 2
_CORE_SHARE = 0.5
_MEMBER_SHARE = 0.5
_ALIKE = 0.5
# A document beside others joins their form only if it has nearly all that they share.
_JOINS = 0.75
_SHARED_BY_ALL = 0.85
# A document with so few words and one of the headings has been begun, and is of no other kind.
_FEW_WORDS = 60
_HARDLY_ANY = 12
_LEAST_LIKE = 0.2


@dataclass(frozen=True, slots=True)
class Form:
    """Documents that share headings. ``outliers`` are beside them, and follow another form or none.

    ``begun`` are those of the members that hold hardly any text.
    """

    members: tuple[str, ...]
    outliers: tuple[str, ...]
    core: frozenset[str]
    """The headings that at least half of the members have, as `headings` gives them."""
    shared: frozenset[str] = frozenset()
    """Those that nearly all of them have."""
    begun: tuple[str, ...] = ()
    is_bundle: bool = False
    """Whether the members are of one kind by their files, and need not share a heading."""

    @property
    def is_firm(self) -> bool:
        """Whether the members have enough in common to hold others to it: else they are only of one kind."""
        return self.is_bundle or len(self.shared) >= _FEWEST_SHARED

    @property
    def written(self) -> tuple[str, ...]:
        """The members that show what the form is."""
        return tuple(path for path in self.members if path not in self.begun)


def find_forms(documents: Mapping[str, Document]) -> list[Form]:
    """Return the forms that documents share, the most common first.

    Args:
        documents: Documents by path, without pages that show a folder, translations and templates.
    """
    keys = {path: headings(document) for path, document in documents.items()}
    empty = {path for path, own in keys.items() if not own and count_words(documents[path]) <= _HARDLY_ANY}
    common = _common(keys.values())
    keys = {path: result & common for path, result in keys.items()}
    groups = _merge(list(_groups(keys)), keys)
    taken = set(chain.from_iterable(groups))
    for path in sorted(keys.keys() - taken):
        _join(path, keys, groups)
    taken = set(chain.from_iterable(groups))
    groups += _alike(sorted(keys.keys() - taken), keys)
    merged = _merge(groups, keys)
    stubs = {path for path, document in documents.items() if count_words(document) <= _FEW_WORDS}
    forms = [form for group in merged if (form := _form(group, keys)) is not None]
    return sorted((_with_neighbours(form, forms, keys, stubs, empty) for form in forms), key=lambda f: -len(f.members))


def with_stubs(forms: Sequence[Form], stubs: Iterable[str]) -> list[Form]:
    """Return the forms with the documents that say that they are still to be written.

    Each has the form of its folder, else the one that most documents have.
    """
    homes = [Counter(PurePosixPath(path).parent.as_posix() for path in form.members) for form in forms]
    sizes = [len(form.members) for form in forms]
    added: dict[int, list[str]] = {}
    for path in stubs:
        beside = [home[PurePosixPath(path).parent.as_posix()] for home in homes]
        usual = max(range(len(forms)), key=lambda place: (beside[place], sizes[place]), default=None)
        if usual is not None and (beside[usual] or sizes[usual] > sum(sizes) / 2):
            added.setdefault(usual, []).append(path)
    return [_begun(form, added.get(place, ())) for place, form in enumerate(forms)]


def with_own(forms: Sequence[Form], documents: Mapping[str, Document], files: Mapping[str, Document]) -> list[Form]:
    """Return the forms with those that a team shows in a file of its own, and has not used often enough to be seen.

    Args:
        forms: The forms that documents share.
        documents: Documents by path, without pages that show a folder, translations and templates.
        files: What may be the team's own templates, by path.
    """
    result = list(forms)
    for path, shown in files.items():
        taken = set(chain.from_iterable(form.members for form in result))
        keys = headings(shown)
        beside = [each for each in documents if each not in taken and folder_of(each) == folder_of(path)]
        own = {each: headings(documents[each]) for each in beside}
        members = [each for each in beside if own[each] & keys]
        if len(keys) >= _FEWEST_SHARED and len(members) in range(_FEWEST_SHARED, FEWEST):
            result.append(replace(_made(members, own), core=keys, is_bundle=True))
    return result


def _begun(form: Form, paths: Iterable[str]) -> Form:
    members, begun = sorted({*form.members, *paths}), sorted({*form.begun, *paths})
    return replace(form, members=tuple(members), begun=tuple(begun))


def chapters(form: Form) -> frozenset[str]:
    """Return the keys of the headings of a form that are in no other one."""
    return frozenset(key.partition(" ")[2] for key in form.core if key.startswith("0 "))


def headings(document: Document) -> frozenset[str]:
    """Return the headings below the title as keys, each with its depth: a heading in a chapter is no chapter."""
    sections = sections_by_key(document)
    inside = {section.index for section in sections.values()}
    return frozenset(f"{_depth(document, section, inside)} {key}" for key, section in sections.items())


def _depth(document: Document, section: Section, inside: set[int]) -> int:
    """Return below how many headings a section is, the title left out."""
    return sum(index in inside for index in above(document, section))


def _common(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    counts = Counter(chain.from_iterable(sets))
    return frozenset(key for key, count in counts.items() if count >= FEWEST)


def _groups(keys: Mapping[str, frozenset[str]]) -> Iterator[list[str]]:
    """Yield the documents of one folder, or of one name in many folders, that share headings."""
    folders = grouped((PurePosixPath(path).parent.as_posix(), path) for path in sorted(keys))
    names = grouped((PurePosixPath(path).name, path) for path in sorted(keys))
    taken: set[str] = set()
    for group in (*folders.values(), *names.values()):
        fitting = _sharing([path for path in group if path not in taken], keys)
        if fitting:
            taken.update(fitting)
            yield fitting


def _sharing(group: Sequence[str], keys: Mapping[str, frozenset[str]]) -> list[str]:
    """Return those of some documents that have at least half of what most of them share."""
    core = _core(group, keys)
    fitting = [path for path in group if len(keys[path] & core) >= max(2, len(core) * _MEMBER_SHARE)]
    return fitting if len(fitting) >= FEWEST and len(core) >= _FEWEST_SHARED else []


def _core(group: Sequence[str], keys: Mapping[str, frozenset[str]], share: float = _CORE_SHARE) -> frozenset[str]:
    counts = Counter(chain.from_iterable(keys[path] for path in group))
    return frozenset(key for key, count in counts.items() if count >= len(group) * share)


def _join(path: str, keys: Mapping[str, frozenset[str]], groups: Sequence[list[str]]) -> None:
    """Add a document to the group that it is most like, of those of which it has nearly all chapters that all have."""
    fitting = [group for group in groups if _has_chapters(keys[path], _core(group, keys, _SHARED_BY_ALL))]
    if fitting:
        max(fitting, key=lambda group: _closeness(path, group, keys)).append(path)


def _has_chapters(own: frozenset[str], core: frozenset[str]) -> bool:
    chapters = frozenset(key for key in core if key.startswith("0 "))
    wanted = chapters if len(chapters) >= _FEWEST_SHARED else core
    return len(wanted) >= _FEWEST_SHARED and len(own & wanted) >= max(2, len(wanted) * _JOINS)


def _closeness(path: str, group: Sequence[str], keys: Mapping[str, frozenset[str]]) -> tuple[float, bool]:
    same_name = any(PurePosixPath(other).name == PurePosixPath(path).name for other in group)
    return _likeness(_shares([path], keys), _shares(group, keys)), same_name


def _shares(group: Sequence[str], keys: Mapping[str, frozenset[str]]) -> dict[str, float]:
    counts = Counter(chain.from_iterable(keys[path] for path in group))
    return {key: count / len(group) for key, count in counts.items()}


def _likeness(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    """Return how alike two groups are, from 0 to 1: what they share of all that they have."""
    every = one.keys() | two.keys()
    both = sum(min(one.get(key, 0), two.get(key, 0)) for key in every)
    either = sum(max(one.get(key, 0), two.get(key, 0)) for key in every)
    return both / either if either else 0.0


def _merge(groups: Sequence[list[str]], keys: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Put groups together that have the same form; the largest of each comes first and leads it."""
    merged: list[list[str]] = []
    for group in sorted(groups, key=lambda group: (-len(group), group[0])):
        likeness = [_likeness(_frequent(group, keys), _frequent(home, keys)) for home in merged]
        best = max(likeness, default=0.0)
        if best >= _ALIKE:
            merged[likeness.index(best)].extend(group)
        else:
            merged.append(list(group))
    return merged


def _frequent(group: Sequence[str], keys: Mapping[str, frozenset[str]]) -> dict[str, float]:
    """Return the shares of the headings that are no habit of a few documents."""
    return {key: share for key, share in _shares(group, keys).items() if share >= _LEAST_LIKE}


def _alike(paths: Sequence[str], keys: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Group documents that no folder and no name puts together."""
    groups: list[list[str]] = []
    for path in paths:
        if len(keys[path]) < _FEWEST_SHARED:
            continue
        home = next((g for g in groups if _likeness(_shares([path], keys), _shares(g, keys)) >= _JOINS), None)
        if home is None:
            groups.append([path])
        else:
            home.append(path)
    return [group for group in groups if _sharing(group, keys)]


def _form(group: Sequence[str], keys: Mapping[str, frozenset[str]]) -> Form | None:
    chapters = _core(group, keys, _SHARED_BY_ALL)
    members = {*_sharing(group, keys)}
    members |= {path for path in group if members and _has_chapters(keys[path], chapters)}
    return _made(sorted(members), keys) if members else None


def _made(members: Sequence[str], keys: Mapping[str, frozenset[str]]) -> Form:
    return Form(tuple(members), (), _core(members, keys), _core(members, keys, _SHARED_BY_ALL))


def _with_neighbours(
    form: Form,
    forms: Sequence[Form],
    keys: Mapping[str, frozenset[str]],
    stubs: AbstractSet[str],
    empty: AbstractSet[str],
) -> Form:
    """Add what has only been begun beside the members, and name what is beside them without their form.

    Args:
        form: A form.
        forms: All forms.
        keys: The headings of all documents.
        stubs: Documents with few words.
        empty: Documents with hardly any, and no heading below the title.
    """
    taken = set(chain.from_iterable(other.members for other in forms))
    inside = Counter(map(folder_of, form.members))
    free = [path for path in keys if folder_of(path) in inside and path not in form.members]
    every = inside + Counter(map(folder_of, free))
    beside = [path for path in free if path not in taken and inside[folder_of(path)] > every[folder_of(path)] / 2]
    begun = [path for path in beside if path in stubs and (keys[path] & form.core or path in empty)]
    outliers = tuple(sorted(set(beside).difference(begun)))
    members = tuple(sorted((*form.members, *begun)))
    return replace(form, members=members, outliers=outliers, begun=tuple(sorted(begun)))


def count_words(document: Document) -> int:
    """Return how many words a document has below its headings."""
    return sum(len(run.text.split()) for run in document.runs if not run.heading)
