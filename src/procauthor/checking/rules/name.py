"""Names of documents in running text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from procauthor.checking.fix import link_name, mend
from procauthor.checking.phrase import Phrase, find_phrases
from procauthor.checking.scope import Reach, Rule, Scope, field_line, say, say_line
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.markdown.passage import PlainText
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED

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
    why="The reader looks for it in vain; names that nobody checked are how invented procedures get in.",
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
RULES = (AMBIGUOUS_NAME, UNKNOWN_PROCEDURE, UNLINKED_NAME)
REACH: Reach = "neighbours"
_LISTING = frozenset({"index", "readme", "plan", "template"})
# Words that go with "Procedure" without making a name of it.
_GENERIC = frozenset(
    re.findall(
        r"\w+",
        """
        this that these the each every any another other new old current existing parent child calling called next
        previous same all some no which own its our your their related relevant referenced upstream downstream
        provider consumer target source canonical defined missing placeholder draft approved published deprecated
        standard operating master main sub if when where after before
        """,
    )
)


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        # Without a template nobody has said that titles are names here: "Backup Procedure" may be any words.
        if procedure.kind in _LISTING or procedure.template is None or procedure.status in UNCOUNTED:
            continue
        yield from _declared(scope, procedure)
        yield from _once(_mentions(scope, procedure))


def _once(found: Iterator[tuple[int, Finding]]) -> Iterator[Finding]:
    """Yield one finding a name and paragraph."""
    seen: set[tuple[int, str, str]] = set()
    for paragraph, finding in found:
        key = (paragraph, finding.rule, finding.message)
        if key not in seen:
            seen.add(key)
            yield finding


def _declared(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    """Report what depends_on names and nobody knows."""
    for title in procedure.depends_on:
        key = title_key(title)
        found = scope.declared(title, procedure)
        line = field_line(procedure, "depends_on")
        if len(found) > 1:
            yield say_line(AMBIGUOUS_NAME, procedure, line, _several(title, found), _choose(found))
        elif not found and key and key not in scope.announced and not scope.is_id(title):
            message = f"it depends on {title!r}, and no procedure is called so"
            yield say_line(UNKNOWN_PROCEDURE, procedure, line, message, _near(scope, title))


def _mentions(scope: Scope, procedure: Procedure) -> Iterator[tuple[int, Finding]]:
    """Yield findings with where their paragraph starts."""
    for passage in scope.mentions(procedure):
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


def _telling(phrase: Phrase) -> int | None:
    """Return how many words to skip before an unknown name begins, or None where the phrase is no name."""
    if phrase.words[-1] != "Procedure" or phrase.longer:
        return None
    words = phrase.words[:-1]
    skip = next((n for n, word in enumerate(words) if word[0].isupper() and word.casefold() not in _GENERIC), None)
    if skip is None or all(word.casefold() in _GENERIC for word in words[skip + 1 :]):
        # One word is a name within a sentence ("the Rollback Procedure"); at its start it may be any verb.
        return None if skip in (None, 0) and phrase.sentence_start else skip
    return skip


def _ends_known(scope: Scope, procedure: Procedure, text: str) -> bool:
    """Say whether a known title with commas or brackets in it ends here."""
    words = title_key(text[-200:]).split()
    ends = (" ".join(words[skip:]) for skip in range(len(words)))
    return any(end in scope.library.by_key or end in scope.announced or end == procedure.key for end in ends)


def _known(scope: Scope, procedure: Procedure, words: str, at: int) -> Iterator[tuple[int, Finding]]:
    found = scope.named(title_key(words), procedure)
    if procedure in found:
        return
    start, end = scope.paragraph(procedure, at)
    if any(linked in found for linked in scope.linked(procedure, start, end)):
        return
    if len(found) > 1:
        yield start, say(AMBIGUOUS_NAME, procedure, at, _several(words, found), _choose(found))
    elif found:
        message = f"{words!r} is named without a link"
        finding = say(UNLINKED_NAME, procedure, at, message, f"link {found[0].path!r}")
        certain = len(scope.library.by_key.get(title_key(words), ())) == 1
        yield start, mend(finding, procedure, *(link_name(procedure, at, words, found[0]) if certain else ()))


def _several(words: str, found: tuple[Procedure, ...]) -> str:
    return f"{words!r} is the title of {len(found)} documents"


def _choose(found: tuple[Procedure, ...]) -> str:
    return "link one of " + ", ".join(p.path for p in found)


def _near(scope: Scope, name: str) -> str:
    close = scope.near_titles.find(name, cutoff=0.7)
    return f"did you mean {close!r}?" if close else ""
