"""Surveys a folder of documents: what they share, how they are written, and what procauthor would make of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from os.path import commonpath
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Literal

from procauthor.adoption.alone import find_work, is_chance, lists_changes
from procauthor.adoption.bundle import find_bundles, with_bundle
from procauthor.adoption.form import Form, chapters, count_words, find_forms, headings, with_own, with_stubs
from procauthor.adoption.guess import Guess
from procauthor.adoption.index import find_index, find_marks, index_guess
from procauthor.adoption.language import find_translations
from procauthor.adoption.notation import Found, commonest, is_page, is_template_name, read_notation
from procauthor.adoption.pattern import fold_paths, path_patterns
from procauthor.adoption.site import FoundSite, find_addresses, find_shells, find_site, shell_names
from procauthor.adoption.start import hidden_folders
from procauthor.checking.rules.contract import CONTRACTS
from procauthor.checking.rules.step import STEPS
from procauthor.convention.word import (
    folder_lifecycle,
    is_chapter,
    page_stem,
    read_declared,
    read_title,
    title_kind,
    words,
)
from procauthor.data import grouped, ungrouped
from procauthor.git import ignored_paths
from procauthor.library.index import read_index
from procauthor.library.library import Library, read_library, reread
from procauthor.library.reference import by_address, is_part, link_kind, may_be_made, read_links
from procauthor.library.status import is_signpost
from procauthor.library.thin import find_placeholders
from procauthor.markdown.document import Document
from procauthor.naming import MARKDOWN, amount, escape_pattern, is_document, list_first
from procauthor.procedure import Status
from procauthor.regex import lazy
from procauthor.settings import Conventions, IndexConventions, LibrarySettings, Settings, TitleConventions
from procauthor.template.infer import Inferred, infer
from procauthor.template.read import TemplateStore

_INDEX_NAMES = ("index.md", "INDEX.md", "README.md", "readme.md")
# Where nearly all documents of a folder have a form, one without it is of the same kind all the same.
_MOST = 0.8
# Fewer documents in one order than this, and the order is no rule.
_KEPT = 0.9
_SURE = 5
# What documents of one kind need not share is shown to their authors where some have it.
_BUNDLE_SHARE = 0.2
# What fewer documents of a form have is no question: it is not required.
_ASKED = 0.5
# A form has the name of a folder that holds this share of its documents.
_CALLED = 0.6
# Of fewer links of a kind nothing can be told, and where fewer of them lead to something, their kind is not understood.
_FEWEST_LINKS = 4
_PROVEN = 0.5
# With fewer words a file says nothing of its own.
_HARDLY_ANY = 12
# What is to be filled in, besides words for it in square brackets.
_FIELD = lazy(
    rb"<[A-Z][^<>=\n]{4,80}>|\{[a-z][^{}\n]{1,60}\}|\{\{\s*\w[^{}\n]{1,60}\}\}|(?<![\]\\!])\[[A-Za-z][^\[\]\n]{2,80}\](?![(\[:])"
)
_STEP_RULES = tuple(rule.name for rule in STEPS.rules if rule.severity == "error")
_CONTRACT_RULES = tuple(rule.name for rule in CONTRACTS.rules if rule.severity == "error")
_SLUGS = ("mkdocs", "gitlab")
# A link may break under a text that its team has finished.
_TOLERATED = ("broken-link", "broken-anchor", "unknown-procedure")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A template for some documents; ``shipped`` where procauthor has one with the same headings."""

    name: str
    inferred: Inferred
    shipped: bool
    form: Form
    template_file: str
    guess: Guess
    kind: str = "procedure"

    @property
    def text(self) -> str:
        """The template file."""
        return self.inferred.render(self.name, self.kind)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a folder of documents is, as far as can be told. Nothing was written.

    Attributes:
        folder: What was looked at.
        library: Its documents, read by the settings that are proposed.
        site: What shows them.
        templates: The forms that they share.
        settings: What would be written as settings, but for the baseline.
        guesses: What the settings rest on.
        left_out: Documents without a form that are no pages, by folder.
        languages: Translations by their language.
        hidden: How many documents are in each hidden folder: they are no part of the library.
    """

    folder: Path
    library: Library
    site: FoundSite
    templates: tuple[Proposed, ...]
    settings: Mapping[str, Any]
    guesses: tuple[Guess, ...]
    left_out: Mapping[str, tuple[str, ...]]
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hidden: Mapping[str, int] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[str, ...]:
        """What is to be asked, because a guess is weak or leaves something open."""
        return tuple(dict.fromkeys(guess.question for guess in self.guesses if guess.question))

    @property
    def patterns(self) -> Mapping[str, str]:
        """Path patterns with the names of templates."""
        patterns: Mapping[str, str] = self.settings.get("templates", {})
        return patterns

    @property
    def own_templates(self) -> Mapping[str, bytes]:
        """The template files that would be written, by path."""
        return {f"templates/{t.name}.md": t.text.encode() for t in self.templates if not t.shipped}


def survey(folder: Path) -> Survey:
    """Look at the documents of a folder. Nothing is written."""
    looked = _look(folder)
    every, plain, site = looked.every, looked.plain, looked.site
    notation = read_notation(plain)
    names = notation.titles.model_copy(update={"names": _named_by_site(site, every, notation.titles)})
    index = find_index(every, looked.index, Conventions(site=site.kind, site_root=site.root, titles=names))
    plain.pop(index, None)
    template_files = {path: every[path] for path in sorted(looked.template_files)}
    forms, chance, beside = _forms(plain, template_files, notation)
    templates = tuple(_named(forms, plain, template_files, folder))
    followed = _followed(templates, template_files)
    # What only has the name of a template is a document like others.
    plain |= {path: document for path, document in template_files.items() if path not in followed}
    own_pages = {path: document for path, document in plain.items() if path not in beside}
    tells = dict(find_work(own_pages, forms, site.root))
    work = {*_counted(templates, plain), *_alike(forms, templates), *tells}
    shown_apart = {index, *looked.shown, *followed, *chain.from_iterable(t.form.members for t in templates)}
    shown = list(_addresses(folder, site, every))
    conventions = Conventions(
        site=site.kind,
        site_root=site.root,
        addresses={address: place for address, place, _ in shown},
        pages=looked.pages,
        procedures=tuple(dict.fromkeys(fold_paths(work, every.keys() - work - shown_apart))),
        template_files=tuple(sorted(followed)),
        titles=names,
        status=notation.status.model_copy(update={"tolerated": _TOLERATED, "signposts": any(_signposts(plain, site))}),
        placeholders=notation.placeholders,
    )
    assigned = {path: "" for path in every if path not in looked.special | looked.shown | followed | {index}}
    assigned |= {path: name for name, path in ungrouped((t.name, t.form.members) for t in templates)}
    named = (*_named_guess(site, names.names), *(guess for *_, guess in shown), *_weakly_counted(tells))
    seen = (*named, *_guesses(templates), *_asked(chance))
    guesses = (site.guess, *seen, *notation.guesses)
    own = {"index": index if index in every else "", "exclude": list(looked.exclude)}
    patterns = path_patterns(assigned)
    library = read_by(looked.read, _settings(own, patterns, conventions, guesses), templates)
    if marks := list(find_marks(library)):
        conventions = _with_marks(conventions, marks)
        guesses += tuple(guess for *_, guess in marks)
        library = read_by(library, _settings(own, patterns, conventions, guesses), templates)
    astray = list(_unproven(library))
    # Nothing is read in another way by it.
    conventions = conventions.model_copy(update={"unproven": tuple(guess.value for guess in astray)})
    guesses += tuple(astray)
    guesses += tuple(_index_guess(index, library))
    left = _by_folder(path for path in plain if not assigned.get(path, "") and not library.by_path[path].counted)
    settings, hidden = _settings(own, patterns, conventions, guesses), dict(hidden_folders(folder, looked.exclude))
    return Survey(folder, library, site, templates, settings, guesses, left, looked.translations, hidden)


def _index_guess(index: str, library: Library) -> Iterator[Guess]:
    """Yield how the index is read, if there is one."""
    if listed := list(read_index(library)):
        yield index_guess(index, listed, {p.path for p in library.counted}, {p.key: p.path for p in library.counted})


def _forms(
    plain: dict[str, Document], template_files: dict[str, Document], notation: Found
) -> tuple[list[Form], list[Form], frozenset[str]]:
    """Return the forms, those that are alike by chance, and what only goes with the documents of a folder.

    What has the name of all others is a document, whatever its folder is called: it goes from ``template_files`` to
    ``plain``.
    """
    stubs = {path for path, document in plain.items() if _is_stub(path, document, notation)}
    chosen, beside = find_bundles({**plain, **template_files})
    plain |= {path: template_files.pop(path) for path in chosen if path in template_files}
    bundled = with_bundle(find_forms({path: plain[path] for path in plain if path not in stubs | beside}), chosen)
    forms, chance = _sorted_out(with_stubs(with_own(bundled, plain, template_files), sorted(stubs)), plain)
    return forms, chance, beside


def _sorted_out(forms: Iterable[Form], documents: Mapping[str, Document]) -> tuple[list[Form], list[Form]]:
    """Return the forms, and apart from them those that documents may share by chance."""
    shipped = _shipped_forms(TemplateStore())
    by_chance = grouped((chapters(form) not in shipped and is_chance(form, documents), form) for form in forms)
    return by_chance.get(False, []), by_chance.get(True, [])


def _followed(templates: Iterable[Proposed], template_files: Mapping[str, Document]) -> set[str]:
    """Return the files that are templates: those that forms follow, and those with places to fill in."""
    named = {t.template_file for t in templates if t.template_file}
    return named | {path for path, document in template_files.items() if _has_fields(document)}


def _with_marks(conventions: Conventions, marks: Iterable[tuple[str, Status, Guess]]) -> Conventions:
    notation = IndexConventions(marks={sign: state for sign, state, _ in marks})
    return conventions.model_copy(update={"index": notation})


def _asked(forms: Iterable[Form]) -> Iterator[Guess]:
    """Yield that documents may follow a form, which was not taken for one."""
    for form in forms:
        shared = list_first(sorted(chapters(form)), _SURE)
        first, count = form.members[0], len(form.members)
        question = f"do {first} and {count - 1} others follow a form? they share {shared}, and tell nothing to do"
        yield Guess("apart", "", 0.4, count, count, form.members[:2], question)


def _weakly_counted(tells: Mapping[str, bool]) -> Iterator[Guess]:
    """Yield what is to be asked of documents that count because of weak signs, or of those around them."""
    paths = sorted(path for path, is_plain in tells.items() if not is_plain)
    if paths:
        said = (
            f"do {paths[0]} and {amount(len(paths) - 1, 'other')} tell" if len(paths) > 1 else f"does {paths[0]} tell"
        )
        question = f"{said} what to do? only weak signs say so"
        yield Guess("procedures", "weak signs", 0.5, len(paths), len(tells), tuple(paths[:2]), question)


def _guesses(templates: Sequence[Proposed]) -> Iterator[Guess]:
    yield from (t.guess for t in templates)
    yield from _optional(templates)
    yield from _steps(templates)
    yield from _order(templates)


def _is_template(path: str, document: Document) -> bool:
    """Say whether a document shows a form by the name of its file, or by its title and what is to be filled in."""
    ends = (title.split()[-1] for title in (document.title, document.front_title) if title)
    called = any(is_template_name(f"{word}.md") for word in ends)
    return is_template_name(path) or (called and _FIELD.search(document.source.raw) is not None)


def _has_fields(document: Document) -> bool:
    """Say whether a document holds what is to be filled in, or hardly anything but headings and comments."""
    filled = _FIELD.search(document.source.raw) or next(find_placeholders(document), None)
    return bool(filled) or (len(headings(document)) > 1 and count_words(document) <= _HARDLY_ANY)


def _is_stub(path: str, document: Document, notation: Found) -> bool:
    title = read_title(document, notation.titles)
    return read_declared(path, document, title, notation.status) in ("placeholder", "alias")


@dataclass(frozen=True, slots=True)
class _Looked:
    """The documents of a folder, and what each is by its name: ``plain`` are those that may have a form."""

    read: Library
    index: str
    exclude: tuple[str, ...]
    site: FoundSite
    every: Mapping[str, Document]
    pages: tuple[str, ...]
    special: frozenset[str]
    shown: frozenset[str]
    template_files: frozenset[str]
    translations: Mapping[str, tuple[str, ...]]
    shells: Mapping[str, tuple[str, ...]]

    @property
    def plain(self) -> dict[str, Document]:
        repeated = set(chain.from_iterable(self.translations.values()))
        parts = {path for path in self.every if is_part(path, self.site.kind) or lists_changes(path, self.every[path])}
        beside = self.special | self.shown | self.template_files | repeated | parts | self.shells.keys()
        return {path: document for path, document in self.every.items() if path not in beside}


def _look(folder: Path) -> _Looked:
    index = next((name for name in _INDEX_NAMES if (folder / name).is_file()), "index.md")
    exclude = tuple(_ignored(folder))
    base = Settings(library=LibrarySettings(index=index, exclude=exclude))
    read = read_library(folder, base, TemplateStore())
    every = {p.path: p.document for p in read.procedures}
    names = _pages(every)
    shown = frozenset(path for path in every if page_stem(path) in names or _shows_others(path, every))
    pages = (*names, *sorted(path for path in shown if page_stem(path) not in names))
    site = find_site(folder)
    shells = find_shells(every, site.root)
    return _Looked(
        read,
        index,
        exclude,
        replace(site, names={**shell_names(shells, every), **site.names}),
        every,
        pages,
        frozenset(p.path for p in read.procedures if p.kind in ("index", "plan", "template")),
        shown,
        frozenset(path for path in every if _is_template(path, every[path]) and path not in shown),
        find_translations(every),
        shells,
    )


def _named_by_site(site: FoundSite, documents: Mapping[str, Document], titles: TitleConventions) -> dict[str, str]:
    """Return the names that a site gives to documents which have none of their own: no title, or only chapters."""
    there = {path: documents[path] for path in site.names if path in documents}
    return {
        path: site.names[path]
        for path, document in there.items()
        if not read_title(document, titles) or (is_chapter(document) and not document.front_title)
    }


def _addresses(folder: Path, site: FoundSite, documents: Mapping[str, Document]) -> Iterator[tuple[str, str, Guess]]:
    """Yield the addresses of the repository and the site that links lead to documents by, with their folders."""
    links = ungrouped((path, document.links) for path, document in documents.items())
    whole = [(path, link) for path, link in links if "://" in link.target]
    for address, shown in find_addresses(folder, site).items() if whole else ():
        conventions = Conventions(site=site.kind, site_root=site.root, addresses={address: shown})
        leading = ((p, k) for p, k in whole if not documents.keys().isdisjoint(by_address(k.target, conventions)))
        places = [f"{path}:{link.line}" for path, link in leading]
        if places:
            yield address, shown, Guess("addresses", address, 0.95, len(places), len(places), tuple(places[:2]))


def _named_guess(site: FoundSite, names: Mapping[str, str]) -> Iterator[Guess]:
    """Yield that documents without a title of their own have one in the navigation of their site."""
    if names:
        value = f"the navigation of {site.kind}"
        yield Guess("titles.names", value, 0.95, len(names), len(names), tuple(sorted(names)[:2]))


def _alike(forms: Sequence[Form], templates: Iterable[Proposed]) -> set[str]:
    """Return the documents that are alike, and have too little in common for a template."""
    held = chain.from_iterable(template.form.members for template in templates)
    return set(chain.from_iterable(form.members for form in forms)).difference(held)


def _ignored(folder: Path) -> Iterator[str]:
    """Yield patterns for the documents that git ignores: they are no part of what a team keeps."""
    for path in ignored_paths(folder):
        if path.endswith("/"):
            if any(next((folder / path).rglob(f"*{ending}"), None) for ending in MARKDOWN):
                yield f"{escape_pattern(path)}*"
        elif is_document(path):
            yield escape_pattern(path)


def _unproven(library: Library) -> Iterator[Guess]:
    """Yield the kinds of links of which most lead to nothing: then it is not known what shows these documents."""
    for kind, seen in grouped(_links_seen(library)).items():
        right = sum(there for there, _ in seen)
        if len(seen) >= _FEWEST_LINKS and right < len(seen) * _PROVEN:
            examples = tuple(place for there, place in seen if not there)[:2]
            name = {"root": "links from the root", "page": "links to pages"}[kind]
            question = f"where do {name} count from? only {right} of {len(seen)} lead to something here"
            yield Guess("unproven", kind, 0.5, len(seen) - right, len(seen), examples, question)


def _links_seen(library: Library) -> Iterator[tuple[Literal["root", "page"], tuple[bool, str]]]:
    """Yield the kind of each link that a site resolves, whether it leads to something, and its place."""
    for procedure, link in ungrouped((p, p.links) for p in library.procedures):
        kind = link_kind(link.target)
        if kind == "file" or link.image or "://" in link.target or link.target.startswith("#"):
            continue
        target = library.settle(procedure.resolve(link.target))
        if target.path is not None and not may_be_made(link.target, library.files, procedure.conventions):
            yield kind, (target.path in library.files, f"{procedure.path}:{link.line}")


def _signposts(documents: Mapping[str, Document], site: FoundSite) -> Iterator[bool]:
    """Say of each document whether it only leads to another one."""
    conventions = Conventions(site=site.kind, site_root=site.root)
    return (is_signpost(document, read_links(document, conventions), path) for path, document in documents.items())


def _pages(documents: Mapping[str, Document]) -> tuple[str, ...]:
    """Return the names, without ending, of the files that show a folder here; "readme" always is one."""
    stems = [stem for stem in dict.fromkeys(page_stem(path) for path in sorted(documents)) if is_page(stem)]
    kept = (stem for stem in stems if not _is_form(stem, documents) and not _is_shared(stem, documents))
    return tuple(dict.fromkeys(("readme", *kept)))


def _is_shared(stem: str, documents: Mapping[str, Document]) -> bool:
    """Say whether some files of a page's name are documents: alone in their folders, they show only themselves."""
    alone = (d for path, d in documents.items() if page_stem(path) == stem and not _shows_others(path, documents))
    return stem in words()["survey"]["shared_pages"] and any(count_words(document) > _HARDLY_ANY for document in alone)


def _is_form(stem: str, documents: Mapping[str, Document]) -> bool:
    """Say whether files of a page's name are the documents themselves: each alone in its folder, and all alike."""
    named = {p: d for p, d in documents.items() if page_stem(p) == stem and "/" in p}
    alone = {path: document for path, document in named.items() if not _shows_others(path, documents)}
    return len(alone) > len(named) / 2 and bool(find_forms(alone))


def _shows_others(path: str, documents: Collection[str]) -> bool:
    """Say whether a file has the name of a page, and other documents beside it or below."""
    home = path.rpartition("/")[0]
    inside = (other.startswith(f"{home}/") for other in documents if other != path)
    return is_page(page_stem(path)) and (not home or any(inside))


def _named(
    forms: Sequence[Form], documents: Mapping[str, Document], files: Mapping[str, Document], folder: Path
) -> Iterator[Proposed]:
    """Give each form a name: that of a shipped template with the same headings, else of the folder of its documents."""
    store = TemplateStore()
    known = _shipped_forms(store)
    taken = {*store.names(), *(file.stem for file in (folder / "templates").glob("*.md"))}
    for form in (form for form in forms if form.is_firm):
        own_file = next((path for path, document in files.items() if _shows(document, form)), "")
        least = {"least": _BUNDLE_SHARE} if form.is_bundle else {}
        inferred = infer([documents[path] for path in form.written], files.get(own_file), **least)
        if not inferred.headings:
            continue
        guess = _certainty(form, inferred)
        same = known.get(inferred.required)
        if same and not (folder / "templates" / f"{same}.md").exists():
            yield Proposed(same, inferred, shipped=True, form=form, template_file=own_file, guess=guess)
            continue
        places = ("-".join(re.findall(r"\w+", p.casefold())) for p in (_template_name(own_file), _place(form, folder)))
        stems = [stem for stem in places if stem] or ["document"]
        name = next(n for n in (*stems, *(f"{stems[-1]}-{k}" for k in range(2, len(taken) + 3))) if n not in taken)
        taken.add(name)
        kind = _kind(form, documents)
        yield Proposed(name, inferred, shipped=False, form=form, template_file=own_file, guess=guess, kind=kind)


def _shipped_forms(store: TemplateStore) -> dict[frozenset[str], str]:
    """Return the names of the templates that ship, by the keys of the sections that they require."""
    return {frozenset(s.key for s in store.get(name).required): name for name in store.names()}


def _kind(form: Form, documents: Mapping[str, Document]) -> str:
    """Return what the members of a form mostly are, by their titles."""
    kinds = Counter(title_kind(documents[path].title) for path in form.written)
    return "orchestration" if kinds["orchestration"] > len(form.written) / 2 else "procedure"


def _template_name(path: str) -> str:
    """Return what a team's own template is for, by the name of its file."""
    tokens = re.findall(r"[^\W_]+", PurePosixPath(path).stem)
    return " ".join(token for token in tokens if not is_template_name(f"{token}.md"))


def _place(form: Form, folder: Path) -> str:
    """Return what a form may be called by: the one name of its files, else that of the folder or its lifecycle."""
    names = {PurePosixPath(path).name for path in form.members}
    if len(names) == 1:
        return PurePosixPath(form.members[0]).stem
    parents = [PurePosixPath(path).parent for path in form.members]
    usual = commonest(parent.name for parent in parents)
    if sum(parent.name == usual for parent in parents) > len(parents) * _CALLED:
        return folder_lifecycle(usual or folder.resolve().name)
    return folder_lifecycle(PurePosixPath(commonpath(parents)).name or folder.resolve().name)


def _shows(document: Document, form: Form) -> bool:
    return len(headings(document) & form.core) > len(form.core) / 2


def _certainty(form: Form, inferred: Inferred) -> Guess:
    """Return how sure a form is: many documents, many headings in common, and hardly any beside it."""
    members, beside = len(form.members), len(form.outliers)
    whole = sum(h.required for h in inferred.headings) / max(1, len(inferred.headings))
    confidence = min(0.95, members / (members + beside) * min(1.0, (members + 1) / _SURE) * (0.7 + 0.3 * whole))
    question = f"do {form.outliers[0]} and {beside - 1} others follow a form?" if beside > 1 else ""
    return Guess("forms", "", confidence, members, members + beside, form.members[:2], question, "missing-section")


def _optional(templates: Iterable[Proposed]) -> Iterator[Guess]:
    """Yield what is to be asked of headings that at least half of the documents of a form have, but not all."""
    for template in templates:
        total = template.inferred.documents
        for heading in () if template.shipped else template.inferred.headings:
            if not heading.required and heading.share >= _ASKED:
                share = f"{heading.share:.0%} of its documents have it"
                question = f"is {heading.text!r} required in {template.name!r}? {share}"
                subject, seen = f"optional.{template.name}", round(heading.share * total)
                yield Guess(subject, heading.text, 1 - heading.share, seen, total, template.form.members[:2], question)


def _steps(templates: Iterable[Proposed]) -> Iterator[Guess]:
    """Yield that steps were seen: their authors did not know the rules on steps."""
    for template in templates:
        heading = next((h for h in template.inferred.headings if h.has_steps), None)
        if heading is not None and not template.shipped:
            question = f"are the headings below {heading.text!r} in {template.name!r} steps, done one after another?"
            for rule in (*_STEP_RULES, *_CONTRACT_RULES):
                yield Guess(
                    f"steps.{template.name}", heading.text, 0.5, template.inferred.documents,
                    template.inferred.documents, template.form.members[:2], question, rule,
                )  # fmt: skip


def _counted(templates: Sequence[Proposed], documents: Mapping[str, Document]) -> Iterator[str]:
    """Yield the documents without a form in folders where nearly all have one."""
    for template in templates:
        for path in template.form.outliers:
            folder = PurePosixPath(path).parent
            inside = [p for p in documents if PurePosixPath(p).parent == folder]
            if len(set(inside) & set(template.form.members)) >= len(inside) * _MOST:
                yield path


def _order(templates: Iterable[Proposed]) -> Iterator[Guess]:
    """Yield that the order of sections is no rule here, where documents of one form have several."""
    for template in templates:
        inferred = template.inferred
        if inferred.in_order < _KEPT:
            kept = round(inferred.in_order * inferred.documents)
            members = template.form.members[:2]
            question = f"are the sections of {template.name!r} to be in one order? {kept} documents keep it"
            yield Guess(f"order.{template.name}", "", 0.5, kept, inferred.documents, members, question, "section-order")


def _settings(
    library: Mapping[str, object], patterns: Mapping[str, str], conventions: Conventions, guesses: Iterable[Guess]
) -> dict[str, Any]:
    """Return the settings as tables, without what is as the defaults say."""
    own = conventions.model_dump(exclude_defaults=True, mode="json")
    weak = {guess.rule: "info" for guess in guesses if guess.weak and guess.rule}
    tables: dict[str, Any] = {
        "library": {key: value for key, value in library.items() if value},
        "templates": dict(patterns),
        "links": {"slugs": conventions.site} if conventions.site in _SLUGS else {},
        "conventions": own,
        "rules": weak,
    }
    return {name: table for name, table in tables.items() if table or name == "templates"}


def read_by(read: Library, tables: Mapping[str, Any], templates: Iterable[Proposed]) -> Library:
    """Return documents as they are read by settings that are not written yet."""
    settings = Settings.model_validate(tables)
    with TemporaryDirectory() as place:
        for template in templates:
            if not template.shipped:
                (Path(place) / f"{template.name}.md").write_text(template.text, encoding="utf-8")
        return reread(read, settings, TemplateStore((Path(place),), settings.templates))


def _by_folder(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    folders = grouped((PurePosixPath(path).parent.as_posix(), path) for path in sorted(paths))
    return {folder: tuple(inside) for folder, inside in folders.items()}
