"""Runs the rules, and leaves out what is suppressed or known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.recall import Recall
from procauthor.checking.rule import FAMILIES, RULE_WORDS, RULES, closest_rule, find_rule, find_rules
from procauthor.checking.rules.status import STALE_CLAIM, SUPPRESSIONS, UNUSED_SUPPRESSION, Directive, read_directives
from procauthor.checking.rules.structure import NOTHING_MATCHED
from procauthor.checking.scope import ROOT, Family, Scope, say
from procauthor.checking.survey import Surveyed, decode_findings
from procauthor.data import grouped, ungrouped
from procauthor.errors import ConfigError
from procauthor.finding import Finding, Report, in_order
from procauthor.library.change import BASELINE
from procauthor.library.index import missing_titles
from procauthor.library.library import Library, Procedure
from procauthor.library.sidecar import today
from procauthor.settings import Settings
from procauthor.system import read_regular

Count = Callable[[Library, Report, Settings], Iterable[Finding]]
"""Counts a library that was checked, and returns a finding for each number in its overviews that is wrong."""
# What lists titles, and states numbers of them.
_OVERVIEWS = ("index", "readme", "orchestration")
_NOTE = "claims"
_encode = msgspec.msgpack.Encoder().encode
_OWN = frozenset(rule.name for rule in SUPPRESSIONS.rules)


def _suppress(
    findings: Iterable[Finding], directives: Iterable[tuple[Procedure, Directive]]
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that stay and those that a directive hides; one on suppressions themselves always stays."""
    day = today()
    active = grouped((p.path, each) for p, each in directives if each.valid and not each.expired(day))
    kept: list[Finding] = []
    hidden: list[Finding] = []
    for finding in findings:
        covered = finding.rule not in _OWN and any(each.hides(finding) for each in active.get(finding.path, ()))
        (hidden if covered else kept).append(finding)
    return kept, hidden


def _find_unused(
    directives: Iterable[tuple[Procedure, Directive]], hidden: Iterable[Finding], ran: Collection[str]
) -> Iterator[Finding]:
    """Yield a finding for each rule that a directive ignores in vain; a rule that did not run cannot tell."""
    by_path = grouped((finding.path, finding) for finding in hidden)
    for procedure, directive in directives:
        if not directive.valid:
            continue
        if directive.expired(today()):
            message = f"the exception for {', '.join(directive.rules)} counted until {directive.until}"
            hint = "fix what it hid, or write a later day"
            yield say(UNUSED_SUPPRESSION, procedure, directive.start, message, hint)
            continue
        used = {finding.rule for finding in by_path.get(procedure.path, ()) if directive.hides(finding)}
        for word in directive.rules:
            message, hint = _in_vain(word, used, ran)
            if message:
                yield say(UNUSED_SUPPRESSION, procedure, directive.start, message, hint)


def _in_vain(word: str, used: Collection[str], ran: Collection[str]) -> tuple[str, str]:
    """Say why a word of a directive hides nothing, with a hint; nothing where it hides something."""
    rule = RULE_WORDS.get(word)
    if rule is None:
        close = closest_rule(word)
        return f"no rule is called {word!r}", f"did you mean {close!r}?" if close else ""
    if rule.name in _OWN:
        return f"{rule.name} cannot be ignored", ""
    idle = rule.name in ran and rule.name not in used
    return (f"{rule.name} finds nothing here to ignore", "remove the comment") if idle else ("", "")


def check(  # noqa: PLR0913 - each narrows or widens what is reported
    library: Library,
    *,
    settings: Settings,
    announced: Collection[str] = (),
    paths: Collection[str] | None = None,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    survey: Surveyed | None = None,
    count: Count | None = None,
) -> Report:
    """Check a library with all rules.

    Args:
        library: What is checked.
        settings: Severities by rule, templates, and how anchors are made.
        announced: Keys of titles that a plan announces; what the index announces counts by itself.
        paths: Report only on these documents; the rules still see all.
        select: Only these rules, by name, code or beginning of a code; empty for all.
        ignore: Not these.
        survey: What is remembered of the library; the findings are the same with it and without.
        count: Who holds the numbers in overviews against the count; without it they are not checked.

    Raises:
        ConfigError: A rule's name is not known.
        StaleError: A document changed meanwhile; only with a survey.
    """
    off = turned_off(settings)
    wanted = choose_rules(off, select, ignore)
    directives = list(ungrouped((procedure, read_directives(procedure)) for procedure in library.procedures))
    ran = wanted | (_named(each for _, each in directives) - off if UNUSED_SUPPRESSION.name in wanted else set())
    # All findings have to be known, of a library on disk, whatever part of them is reported.
    whole = paths is None if survey is None else not survey.laid
    counting = count if STALE_CLAIM.name in ran and whole else None
    scope = Scope(library, frozenset(announced) | frozenset(missing_titles(library)), settings)
    # What is counted as defined depends on all errors.
    findings = Report.of(_findings(scope, ran if counting is None else set(RULES) - off, survey, paths)).findings
    kept, hidden = _suppress(findings, directives)
    if counting is not None:
        claims = _count_claims(counting, library, kept, settings, survey)
        kept, hidden = _suppress(Report.of((*findings, *claims)).findings, directives)
    unused = _find_unused(directives, hidden, ran) if UNUSED_SUPPRESSION.name in wanted else ()

    def is_asked_for(finding: Finding) -> bool:
        return finding.rule in wanted and (paths is None or finding.path in paths or finding.path == ROOT)

    documents = sorted({*library.by_path, *(u.path for u in library.unread)})
    return Report(
        findings=tuple(_weigh(filter(is_asked_for, in_order((*kept, *Report.of(unused).findings))), settings)),
        documents=len(documents),
        procedures=len(library.counted),
        checked=tuple(path for path in documents if paths is None or path in paths),
        suppressed=sum(map(is_asked_for, hidden)),
    )


def _named(directives: Iterable[Directive]) -> set[str]:
    """Return the rules that suppressions name: whether one is used shows only when the rule has run."""
    words = set(chain.from_iterable(each.rules for each in directives if each.valid))
    return {rule.name for word, rule in RULE_WORDS.items() if word in words}


def _count_claims(
    count: Count, library: Library, findings: Sequence[Finding], settings: Settings, survey: Surveyed | None
) -> list[Finding]:
    """Return a finding for each wrong number; with a survey, the same library is not counted twice."""
    report = Report(tuple(_weigh(findings, settings)))
    if survey is None:
        return list(count(library, report, settings))
    overviews = [(p.path, p.stamp) for p in library.procedures if p.kind in _OVERVIEWS]
    # What is kept of a document says its title, lifecycle and status: to read them one by one takes far longer.
    counted = [(p.path, survey.records[p.path].face, p.status if p.review else None) for p in library.counted]
    errors = [(f.path, f.rule) for f in report.findings if f.severity == "error"]
    grounds = _encode((overviews, counted, errors))
    return decode_findings(survey.memory.once(_NOTE, grounds, lambda: _encode(list(count(library, report, settings)))))


def _weigh(findings: Iterable[Finding], settings: Settings) -> Iterator[Finding]:
    """Yield findings with the severity that the settings give to their rules."""
    levels = {find_rule(name).name: level for name, level in settings.rules.items()}
    for finding in findings:
        level = levels.get(finding.rule, finding.severity)
        if level == "off" or level == finding.severity:  # noqa: PLR1714 - mypy narrows a comparison only
            yield finding
        else:
            yield replace(finding, severity=level)


def turned_off(settings: Settings) -> frozenset[str]:
    """Return the names of the rules that the settings turn off.

    Raises:
        ConfigError: A rule's name is not known.
    """
    return frozenset(find_rule(name).name for name, level in settings.rules.items() if level == "off")


def choose_rules(off: Collection[str], select: Collection[str] = (), ignore: Collection[str] = ()) -> set[str]:
    """Return the names of the rules that run: those selected, or all, without those ignored or turned off.

    Raises:
        ConfigError: A rule's name is not known.
    """
    wanted = {rule.name for rule in find_rules(select)}
    # Over nothing every selection would pass.
    wanted = wanted | {NOTHING_MATCHED.name} if wanted else set(RULES)
    return wanted - {rule.name for rule in find_rules(ignore)} - set(off)


def _findings(
    scope: Scope, wanted: Collection[str], survey: Surveyed | None, paths: Collection[str] | None
) -> Iterator[Finding]:
    """Run the families that hold a wanted rule, or recall what they found.

    Families that report on one document after the other look at those under report only.
    """
    if survey is not None:
        return (finding for finding in Recall(survey, scope, paths).findings() if finding.rule in wanted)
    families = [family for family in FAMILIES if any(rule.name in wanted for rule in family.rules)]
    subjects = [p for p in scope.library.procedures if paths is None or p.path in paths]
    findings = chain.from_iterable(_run(family, scope, subjects) for family in families)
    return (finding for finding in findings if finding.rule in wanted)


def _run(family: Family, scope: Scope, subjects: Iterable[Procedure]) -> Iterator[Finding]:
    for procedure in subjects:
        yield from family.check(scope, procedure)
    yield from family.check_library(scope)


FILE_NAME = BASELINE
_VERSION = 1
# That nothing was checked is never known and accepted.
_NEVER = frozenset({"nothing-matched"})


class KnownFinding(Struct, frozen=True, order=True):
    """A known finding: where, which rule, and the fingerprint, which survives a shift of lines."""

    path: str
    rule: str
    fingerprint: str


class Baseline(Struct, frozen=True):
    """The known findings."""

    entries: frozenset[KnownFinding]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Baseline:
        """Return the baseline that knows these findings."""
        return cls(frozenset(KnownFinding(f.path, f.rule, f.fingerprint) for f in findings if f.rule not in _NEVER))

    def dump(self) -> bytes:
        """Return the content of the file: sorted, a line a finding, so that two branches merge."""
        by_path = grouped((entry.path, f"{entry.rule} {entry.fingerprint}") for entry in sorted(self.entries))
        text = json.dumps({"schema_version": _VERSION, "findings": by_path}, ensure_ascii=False, indent=1)
        return (text + "\n").encode(errors="backslashreplace")

    def without(self, fingerprints: Collection[str]) -> Baseline:
        """Return the baseline without some of its entries."""
        return Baseline(frozenset(e for e in self.entries if e.fingerprint not in fingerprints))

    def carried(self, before: Report, after: Report, homes: Mapping[str, str]) -> Baseline:
        """Return the baseline behind a change that moved or reworded what it knows; nothing more becomes known.

        Args:
            before: All that was found before the change.
            after: All that is found behind it.
            homes: Where documents are behind it, by their old paths.
        """
        known = {entry.fingerprint for entry in self.entries}
        old, new = {f.fingerprint for f in before.findings}, {f.fingerprint for f in after.findings}
        gone = [f for f in before.findings if f.fingerprint in known and f.fingerprint not in new]
        # A finding is the same if its rule is, in the document that took its place: so many, and not one more.
        left = Counter((f.rule, homes.get(f.path, f.path)) for f in gone)
        entries = {entry for entry in self.entries if entry.fingerprint not in {f.fingerprint for f in gone}}
        for finding in after.findings:
            key = finding.rule, finding.path
            if finding.fingerprint not in old and left[key] > 0:
                left[key] -= 1
                entries.add(KnownFinding(finding.path, finding.rule, finding.fingerprint))
        return Baseline(frozenset(entries))

    def apply(self, report: Report, *, ran: Collection[str] = ()) -> Report:
        """Return the report without what is known.

        Args:
            report: What was found.
            ran: Rules that have reported on the whole library: their entries, and those of rules that no longer exist,
                count as gone where they were not found again.
        """
        known = {entry.fingerprint for entry in self.entries}
        left = tuple(f for f in report.findings if f.fingerprint not in known)
        present = {f.fingerprint for f in report.findings}
        told = {e for e in self.entries if e.rule in ran or e.rule not in RULES} if ran else set()
        gone = tuple(sorted(e.fingerprint for e in told if e.fingerprint not in present))
        return replace(report, findings=left, baselined=len(report.findings) - len(left), gone=gone)


def read_baseline(file: Path) -> Baseline:
    """Read a baseline.

    Raises:
        ConfigError: There is no such file, or it holds no baseline.
    """
    try:
        data = json.loads(read_regular(file))
        entries = frozenset(
            KnownFinding(path, *line.split(" ", 1)) for path, line in ungrouped(data["findings"].items())
        )
    except FileNotFoundError as error:
        message = f"there is no baseline {file.name!r}"
        raise ConfigError(message, "make one with: procauthor check --update-baseline") from error
    except OSError as error:
        message = f"{file.name} cannot be read: {error.strerror}"
        raise ConfigError(message, "look at its permissions") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _no_baseline(file) from error
    if data.get("schema_version") != _VERSION:
        message = f"{file.name} has the schema version {data.get('schema_version')!r}, not {_VERSION}"
        raise ConfigError(message, "make a new one with: procauthor check --update-baseline")
    return Baseline(entries)


def refuse_other(file: Path) -> None:
    """Refuse to replace a file that is no baseline, of this version or another.

    Raises:
        ConfigError: The file holds something else.
    """
    try:
        data = json.loads(file.read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise _no_baseline(file) from error
    if not isinstance(data, dict) or not {"schema_version", "findings"} <= data.keys():
        raise _no_baseline(file)


def _no_baseline(file: Path) -> ConfigError:
    message = f"{file.name} holds no baseline"
    return ConfigError(message, "delete it or name another file, then run: procauthor check --update-baseline")
