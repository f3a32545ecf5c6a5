"""Names in running text, of documents, roles and rules of standards; titles that are alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from procauthor.checking.fix import with_fix
from procauthor.checking.phrase import Phrase, find_phrases, read_notes, series_of
from procauthor.checking.scope import Family, Rule, Scope, field_line, say, say_line
from procauthor.convention.word import words as spoken
from procauthor.finding import Finding
from procauthor.library.artifact import find_doers, listed_roles
from procauthor.library.contract import RULE_ID, find_rulings
from procauthor.library.library import ANNOUNCED, Procedure
from procauthor.library.reference import relative
from procauthor.markdown.document import Replacement
from procauthor.markdown.passage import PlainText
from procauthor.naming import stem, title_key
from procauthor.procedure import UNCOUNTED
from procauthor.regex import lazy

AMBIGUOUS_NAME = Rule(
    name="ambiguous-name",
    code="R103",
    severity="warning",
    summary="A name is the title of several documents.",
    why="Two readers go two ways. The one of the same lifecycle is meant where there is one.",
    fix="Link the document that is meant.",
    example="“as the Rollback Procedure says”, where Feature and Release have one each",
)
UNKNOWN_PROCEDURE = Rule(
    name="unknown-procedure",
    code="R104",
    severity="error",
    summary="A procedure is named that does not exist, and that neither the index nor the plan announces.",
    why="The reader looks for it in vain; unchecked names are how invented procedures get in.",
    fix="Correct the name, or announce the procedure in the index with the status Missing.",
    example="follow the Quantum Review Procedure",
)
UNLINKED_NAME = Rule(
    name="unlinked-name",
    code="R105",
    severity="warning",
    summary="A document is named without a link to it.",
    why="The reader has to search, and a rename leaves the name behind.",
    fix="Link it, at least once in the paragraph.",
    example="as the Test Plan Procedure says",
)
_LISTING = frozenset({"index", "readme", "plan", "template"})


def _check_name(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    # Without a template nothing says that titles are names here: "Backup Procedure" may be any words.
    if procedure.kind in _LISTING or procedure.template is None or procedure.status in UNCOUNTED:
        return
    yield from _declared(scope, procedure)
    first: dict[tuple[int, str, str], Finding] = {}
    for paragraph, finding in _mentions(scope, procedure):
        first.setdefault((paragraph, finding.rule, finding.message), finding)
    yield from first.values()


def _declared(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    """Report what depends_on names and the library does not know."""
    for title in procedure.depends_on:
        key = title_key(title)
        named = scope.declared(title, procedure)
        line = field_line(procedure, "depends_on")
        if len(named) > 1:
            yield say_line(AMBIGUOUS_NAME, procedure, line, _several(title, named), _choose(named))
        elif not named and key and key not in scope.announced and title not in scope.ids:
            message = f"it depends on {title!r}, and no procedure is called so"
            yield say_line(UNKNOWN_PROCEDURE, procedure, line, message, _near(scope, title))


def _mentions(scope: Scope, procedure: Procedure) -> Iterator[tuple[int, Finding]]:
    """Yield findings with where their paragraph starts."""
    for passage in read_notes(procedure):
        taken: list[tuple[int, int]] = []
        for phrase in find_phrases(passage.text):
            taken.append((phrase.starts[0], phrase.end))
            yield from _phrase(scope, procedure, passage, phrase)
        for match in scope.titles.search(passage.text):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                yield from _known(scope, procedure, match[0], passage.offset(match.start()))


def _phrase(scope: Scope, procedure: Procedure, passage: PlainText, phrase: Phrase) -> Iterator[tuple[int, Finding]]:
    """Resolve the longest end of a phrase that is a known title: "See API Design Procedure" holds one."""
    for start, words in phrase.ends:
        key = title_key(words)
        if key == procedure.key or key in scope.announced:
            return
        if scope.named(key, procedure):
            yield from _known(scope, procedure, words, passage.offset(start))
            return
    skip = _telling(phrase)
    if skip is not None and not _ends_known(scope, procedure, passage.text[: phrase.end]):
        at = passage.offset(phrase.starts[skip])
        name = " ".join(phrase.words[skip:])
        message = f"no procedure is called {name!r}"
        yield scope.paragraph(procedure, at)[0], say(UNKNOWN_PROCEDURE, procedure, at, message, _near(scope, name))


@lru_cache(maxsize=1)
def _generic() -> frozenset[str]:
    return frozenset(spoken()["names"]["generic"])


def _telling(phrase: Phrase) -> int | None:
    """Return how many words to skip before an unknown name begins, or None where the phrase is no name."""
    if phrase.words[-1] != "Procedure" or phrase.longer:
        return None
    words, generic = phrase.words[:-1], _generic()
    skip = next((n for n, word in enumerate(words) if word[0].isupper() and word.casefold() not in generic), None)
    if skip is None or all(word.casefold() in generic for word in words[skip + 1 :]):
        # One word is a name within a sentence ("the Rollback Procedure"); at its start it may be any verb.
        return None if skip in (None, 0) and phrase.sentence_start else skip
    return skip


def _ends_known(scope: Scope, procedure: Procedure, text: str) -> bool:
    """Say whether a known title with commas or brackets in it ends here."""
    words = title_key(text[-200:]).split()
    ends = (" ".join(words[skip:]) for skip in range(len(words)))
    return any(end in scope.library.by_key or end in scope.announced or end == procedure.key for end in ends)


def _known(scope: Scope, procedure: Procedure, words: str, at: int) -> Iterator[tuple[int, Finding]]:
    named = scope.named(title_key(words), procedure)
    if procedure in named:
        return
    start, end = scope.paragraph(procedure, at)
    if any(linked in named for linked in scope.linked(procedure, start, end)):
        return
    if len(named) > 1:
        yield start, say(AMBIGUOUS_NAME, procedure, at, _several(words, named), _choose(named))
    elif named:
        message = f"{words!r} is named without a link"
        finding = say(UNLINKED_NAME, procedure, at, message, f"link {named[0].path!r}")
        certain = len(scope.library.by_key.get(title_key(words), ())) == 1
        yield start, with_fix(finding, procedure, *(_link_name(procedure, at, words, named[0]) if certain else ()))


def _several(words: str, procedures: tuple[Procedure, ...]) -> str:
    return f"{words!r} is the title of {len(procedures)} documents"


def _choose(procedures: tuple[Procedure, ...]) -> str:
    return "link one of " + ", ".join(p.path for p in procedures)


def _near(scope: Scope, name: str) -> str:
    close = scope.near_titles.find(name, cutoff=0.7)
    return f"did you mean {close!r}?" if close else ""


# Fixes


_OTHER_NOTATIONS = ((b"[[", b"]]"), (b"{{", b"}}"), (b"{%", b"%}"))
_LONGEST_LINE = 4000


def _link_name(procedure: Procedure, start: int, words: str, target: Procedure) -> Iterator[Replacement]:
    """Make a link of a name; not where emphasis or a line end is within it, nor next to raw HTML."""
    raw = procedure.source.raw
    end = start + len(words.encode())
    # Behind "!" it would be a picture, and behind a backslash no link.
    plain = "]" not in words and "[" not in words and raw[max(start - 1, 0) : start] not in (b"!", b"\\")
    certain = plain and raw[start:end] == words.encode() and not _is_in_other_notation(raw, start)
    if certain and not _near_html(raw, start, end):
        # What has a document is announced no longer.
        mark = f" {ANNOUNCED}".encode()
        end += len(mark) if raw.startswith(mark, end) else 0
        yield Replacement(start, end, f"[{words}]({relative(procedure.path, target.path)})")


def _is_in_other_notation(raw: bytes, start: int) -> bool:
    """Say whether a wiki link or a tag of a template language is open at a place: a link in it would break it."""
    before = raw[max(raw.rfind(b"\n", 0, start) + 1, start - _LONGEST_LINE) : start]
    return any(before.rfind(opening) > before.rfind(closing) for opening, closing in _OTHER_NOTATIONS)


def _near_html(raw: bytes, start: int, end: int) -> bool:
    """Say whether a link of HTML is in the line, or could, because the line is too long to be looked through."""
    first = raw.rfind(b"\n", max(0, start - _LONGEST_LINE), start)
    last = raw.find(b"\n", end, end + _LONGEST_LINE)
    if (first == -1 and start > _LONGEST_LINE) or (last == -1 and end + _LONGEST_LINE < len(raw)):
        return True
    return b"<a" in raw[first + 1 : last if last != -1 else len(raw)].lower()


NAMES = Family(
    "Names of documents in running text", (AMBIGUOUS_NAME, UNKNOWN_PROCEDURE, UNLINKED_NAME), "neighbours", _check_name
)


ROLE_UNKNOWN = Rule(
    name="role-unknown",
    code="R116",
    severity="warning",
    summary="A role is named that the library's list of roles does not have.",
    why="It is not clear who is meant, or one role has two names and each waits for the other.",
    fix="Name a role of the list, or enter the new role there.",
    example="**Who:** release captain, where the list of roles has a release owner",
)
# A name with this sign is an account or an address, and no role.
_ACCOUNT = "@"


def _check_role(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    named = list(_named(procedure))
    roles = listed_roles(scope.library, scope.settings) if named else frozenset[str]()
    for line, text in named if roles else ():
        words = text.casefold()
        known = any(re.search(rf"(?<!\w){re.escape(role)}(?:s|es)?(?!\w)", words) for role in roles)
        if _ACCOUNT not in text and not known:
            message = f"no role of the list is named in {text!r}"
            yield say_line(ROLE_UNKNOWN, procedure, line, message, f"the list is {scope.settings.library.roles!r}")


def _named(procedure: Procedure) -> Iterator[tuple[int, str]]:
    """Yield where a document names roles, and in which words: its owner, and who does each step."""
    if procedure.template is None or procedure.status in UNCOUNTED:
        return
    if procedure.owner:
        yield field_line(procedure, "owner"), procedure.owner
    yield from ((doer.line, doer.role or doer.text) for doer in find_doers(procedure))


ROLES = Family(
    "Roles that a document names, held against the list that the library keeps of them",
    (ROLE_UNKNOWN,),
    "neighbours",
    _check_role,
)


SIMILAR_TITLE = Rule(
    name="similar-title",
    code="R117",
    severity="info",
    summary="Two titles have the same words, in another form or order.",
    why="Readers take one for the other, and both may describe the same work.",
    fix="Merge the two, or give each a title that says what the other one does not do.",
    example="“Key Rotation Procedure” beside “Rotating Keys Procedure”",
)


def _check_title(scope: Scope) -> Iterator[Finding]:
    """Yield a finding at the later document of two, or at the one whose like is announced."""
    glue = frozenset(spoken()["titles"]["glue"])
    first: dict[tuple[str, ...], tuple[str, str]] = {}
    for procedure in scope.library.counted:
        if procedure.status in UNCOUNTED or not procedure.key:
            continue
        form = _form(procedure.key, glue)
        key, path = first.setdefault(form, (procedure.key, procedure.path))
        # Of documents with one title a name in the text is ambiguous, which is a finding of its own.
        if key != procedure.key:
            message = f"the title {procedure.title!r} has the words of that of {path!r}"
            yield say_line(SIMILAR_TITLE, procedure, procedure.title_line, message, SIMILAR_TITLE.fix)
    for announced in sorted(scope.announced):
        key, path = first.get(_form(announced, glue), ("", ""))
        if key and key != announced and announced not in scope.names:
            procedure = scope.library.by_path[path]
            message = f"the title {procedure.title!r} has the words of {announced!r}, which is announced"
            yield say_line(SIMILAR_TITLE, procedure, procedure.title_line, message, SIMILAR_TITLE.fix)


def _form(key: str, glue: frozenset[str]) -> tuple[str, ...]:
    """Return the stems of a title that say what it is about, in the order of the alphabet."""
    spelt = key.split()
    return tuple(sorted(stem(word) for word in spelt if word not in glue)) or tuple(spelt)


TITLES = Family("Titles that differ in their wording alone", (SIMILAR_TITLE,), "library", check_library=_check_title)


UNKNOWN_STANDARD_RULE = Rule(
    name="unknown-standard-rule",
    code="R114",
    severity="error",
    summary="A rule is named by an id that no standard states.",
    why="The reader looks for the rule in vain, or takes another one for it.",
    fix="Correct the id, or state the rule in the standard.",
    example="as TST-40 demands, where the Test Standards state TST-01 to TST-18",
)
DUPLICATE_STANDARD_RULE = Rule(
    name="duplicate-standard-rule",
    code="R115",
    severity="error",
    summary="Two rules of standards have the same id.",
    why="A reference by id means either.",
    fix="Give the later one another id.",
    example="“- **TST-04 Names**” and, further down, “- **TST-04 Data**”",
)

_REFERENCE = lazy(rf"(?<![\w./#&=-])({RULE_ID})(?![\w-]|\.\d|/\w)")


def _check_standard(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    if procedure.kind == "standard" and procedure.status not in UNCOUNTED:
        yield from _doubles(scope, procedure)
    if scope.rule_series and procedure.template is not None and procedure.status not in UNCOUNTED:
        yield from _unknown(scope, procedure)


# Unknown rules


def _unknown(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    for name, at in _references(scope, procedure):
        known = scope.rule_series.get(series_of(name))
        if known and name not in known.ids:
            ids = sorted(known.ids)
            hint = f"{known.path!r} states {ids[0]} to {ids[-1]}"
            yield say(UNKNOWN_STANDARD_RULE, procedure, at, f"no standard states a rule {name!r}", hint)


def _references(scope: Scope, procedure: Procedure) -> Iterator[tuple[str, int]]:
    """Yield the ids in running text, and in texts of links to a standard, with their places."""
    for passage in read_notes(procedure):
        for match in _REFERENCE.finditer(passage.text):
            yield match[1], passage.offset(match.start())
    for link, target in scope.links[procedure.path]:
        document = scope.library.by_path.get(target.path or "")
        if document is not None and document.kind == "standard":
            yield from ((match[1], link.start) for match in _REFERENCE.finditer(link.text))


# Rules that are stated twice


def _doubles(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    if not procedure.stated_rules:
        return
    seen: dict[tuple[str, str], int] = {}
    others = _owners(scope, procedure)
    for ruling in find_rulings(procedure.document):
        if not ruling.stated:
            continue
        before = seen.setdefault((ruling.id, ruling.form), ruling.start)
        message = ""
        if before != ruling.start:
            message = f"the id {ruling.id!r} belongs to the rule in line {procedure.source.line(before)} already"
        elif ruling.id in others:
            message = f"the id {ruling.id!r} belongs to a rule in {others[ruling.id]!r} already"
        if message:
            yield say(DUPLICATE_STANDARD_RULE, procedure, ruling.start, message)


def _owners(scope: Scope, procedure: Procedure) -> dict[str, str]:
    """Return which standard before this one, by path, states a rule of an id."""
    owners: dict[str, str] = {}
    for standard in scope.library.of_kind("standard"):
        if standard.path < procedure.path and standard.status not in UNCOUNTED:
            for name in standard.stated_rules:
                owners.setdefault(name, standard.path)
    return owners


STANDARDS = Family(
    "Rules of standards: each is stated once, and what the text refers to exists",
    (UNKNOWN_STANDARD_RULE, DUPLICATE_STANDARD_RULE),
    "neighbours",
    _check_standard,
)
