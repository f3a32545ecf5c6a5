"""The baseline: findings that a team knows and has not mended yet. It is kept in the repository and only shrinks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from procauthor.checking.rule import RULES
from procauthor.errors import ConfigError
from procauthor.file import read_regular
from procauthor.finding import Finding, Report
from procauthor.library.permit import BASELINE

FILE_NAME = BASELINE
_VERSION = 1
# That nothing was checked is never known and accepted.
_NEVER = frozenset({"nothing-matched"})


@dataclass(frozen=True, slots=True, order=True)
class KnownFinding:
    """A known finding: where, which rule, and the fingerprint, which survives a shift of lines."""

    path: str
    rule: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known findings."""

    entries: frozenset[KnownFinding]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Baseline:
        """Return the baseline that knows these findings."""
        return cls(frozenset(KnownFinding(f.path, f.rule, f.fingerprint) for f in findings if f.rule not in _NEVER))

    def dump(self) -> bytes:
        """Return the content of the file: sorted, a line a finding, so that two branches merge."""
        by_path: dict[str, list[str]] = {}
        for entry in sorted(self.entries):
            by_path.setdefault(entry.path, []).append(f"{entry.rule} {entry.fingerprint}")
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
        found = {f.fingerprint for f in report.findings}
        told = {e for e in self.entries if e.rule in ran or e.rule not in RULES} if ran else set()
        gone = tuple(sorted(e.fingerprint for e in told if e.fingerprint not in found))
        return replace(report, findings=left, baselined=len(report.findings) - len(left), gone=gone)


def read_baseline(file: Path) -> Baseline:
    """Read a baseline.

    Raises:
        ConfigError: There is no such file, or it holds no baseline.
    """
    try:
        data = json.loads(read_regular(file))
        entries = frozenset(
            KnownFinding(path, *line.split(" ", 1)) for path, lines in data["findings"].items() for line in lines
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
