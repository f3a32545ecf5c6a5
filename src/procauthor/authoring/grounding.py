"""The grounding gate: what a draft claims must be in its brief or in the library, or a person has to confirm it.

Commands, paths, addresses, tools, procedure names and quantities are looked up letter by letter. What is not found is
not taken out, because it may be right; it becomes an open question that says where it is.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import accumulate, chain, combinations
from typing import Any, Literal

from procauthor.authoring.brief import Brief
from procauthor.authoring.public import (
    find_strange,
    is_name_of_program,
    is_option,
    is_public,
    is_public_host,
    is_public_name,
    is_public_path,
    is_public_port,
    names_place,
    names_suite,
)
from procauthor.authoring.update.operation import Operation
from procauthor.authoring.update.outline import Outline
from procauthor.character import strip_hidden
from procauthor.checking.phrase import find_phrases
from procauthor.convention.word import words
from procauthor.library.library import Library, Procedure
from procauthor.library.status import PROPOSED, UNVERIFIED, read_questions, told_first, without_proposals
from procauthor.naming import title_key
from procauthor.regex import lazy
from procauthor.retrieval.chunk import chunk_document
from procauthor.template.spec import Template

Kind = Literal["command", "path", "URL", "address", "name", "place", "tool", "role", "procedure", "number"]

_FENCED = lazy(
    r"^[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[^\n]*)\n(?P<body>.*?)(?:^[ \t]*(?P=fence)[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
# Blocks in these are lines to type; a block of words is read as words, and all else is program text.
_TYPED_LANGUAGES = frozenset(("", "sh", "bash", "shell", "zsh", "console", "sql", "psql", "powershell", "pwsh", "ps1"))
_WORDED_LANGUAGES = frozenset(("text", "txt", "md", "markdown"))
_HERE = lazy(r"<<-?\s*['\"]?(?P<end>\w+)['\"]?")
_QUOTES = lazy(r"""\\.|"(?:\\.|[^"\\])*"|'[^']*'""", re.DOTALL)
_CODE = lazy(r"(`+)(.+?)\1", re.DOTALL)
# What is said or written: capital first, several words, a full stop, and no sign of a shell.
_SENTENCE = lazy(r"[\"“„'(]?[A-Z][^`|$={}<>\\]*(?:\s[^`|$={}<>\\\s]+){3,}[.!?…][\"”“')]?")
_CONTINUED_LINE = lazy(r"\\\r?\n\s*")
_PROMPT = lazy(r"^\s*(?:[$>%]\s|#.*)?\s*")
_URL = lazy(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s<>\"'`)\]]+", re.IGNORECASE)
_EMAIL = lazy(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CHANNEL = lazy(r"(?<![\w&/#])#[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+\b")
_HOST = lazy(
    r"(?<![\w@/.-])(?:(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|cloud|internal|local|corp|lan|example|gov|edu|co|ai|sh)"
    r"|\d{1,3}(?:\.\d{1,3}){3})(?::\d{2,5})?(?![\w-])",
    re.IGNORECASE,
)
_ENDINGS = (
    "md|rst|txt|ya?ml|json|toml|ini|cfg|conf|config|env|lock|log|csv|tsv|xlsx?|docx?|pdf|pptx?|png|jpe?g|svg|html?|css"
    "|xml|py|rb|go|rs|java|kt|ts|tsx|jsx|mjs|js|sh|bash|zsh|ps1|bat|sql|tf|tfvars|proto|gradle|properties|zip|tar|gz"
    "|tgz|whl|jar|war|deb|rpm|pem|crt|key|service|sock|db|sqlite|bak|tmp|ipynb|feature|snap|patch|diff"
)
_PATH = lazy(
    # /etc/x, ~/x, ./x, ../x, C:\x
    r"(?<![\w/.:~)-])(?:(?:~|\.{1,2})?/[\w@{}$<>*.-]+(?:/[\w@{}$<>*.-]*)*|[A-Z]:\\[\w\\.-]+"
    # a/b.ext, b.ext
    rf"|(?:[\w@{{}}$<>*.-]+/)*[\w@{{}}$<>*-]+(?:\.[\w-]+)*\.(?:{_ENDINGS})(?![\w-])"
    # a/b/c/, .github/x: a hidden folder, or a slash at the end
    r"|\.[a-z][\w-]*(?:/[\w.-]+)+/?|(?:[a-z0-9_.-]+/){1,}(?=[\s,;:)]|$))"
)
_FLAG = lazy(r"(?<![\w-])--[a-zA-Z][\w-]*")
_FLAGGED = lazy(r"(?<![\w/.-])[a-z][\w./-]*(?:\s+--?[a-zA-Z][\w-]*(?:=[^\s,;]+)?)+")
_CLI = (
    "ansible|ansible-playbook|apt|apt-get|aws|az|bash|brew|cargo|chmod|chown|consul|curl|dig|dnf|docker|docker-compose|dotnet"
    "|flyctl|gcloud|gh|git|glab|go|gradle|grep|helm|heroku|istioctl|java|journalctl|jq|k6|kubectl|make|mvn|mysql|nmap|node"
    "|nomad|npm|npx|oc|openssl|pip|pipx|pnpm|podman|psql|pytest|python|python3|redis-cli|rsync|ruff|scp|sed|sh|ssh|sudo"
    "|systemctl|tar|terraform|tofu|trivy|uv|vault|wget|yarn|yum"
)
_TYPED = lazy(
    rf"\b(?:[Rr]un|[Ee]xecute|[Ee]nter|[Tt]ype|[Ii]nvoke|[Ii]ssue|[Uu]se|[Ww]ith|[Vv]ia|by)\s+"
    rf"((?:{_CLI})(?:\s+(?!and\b|or\b|to\b|on\b|in\b|for\b|with\b|the\b|a\b|then\b|until\b|from\b|after\b|before\b|if\b)"
    r"[\w@/{}<>$=:.-]*[\w/}>]){1,8})"
)
_CAMEL = lazy(r"(?<![\w./@#-])[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*\b|(?<![\w./@#-])[a-z]{1,4}[A-Z][a-z]+[A-Za-z]*\b")
_SNAKE = lazy(r"(?<![\w./@#-])[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+(?![\w/])")
# Products whose names look like ordinary words. The list only helps to find invented ones: what the library knows is
# grounded whether it is here or not, and a tool in inline code or in CamelCase needs no list.
_PRODUCTS = lazy(
    r"(?<![\w./@#-])(?:Airflow|Airtable|Ansible|Apigee|Artifactory|Asana|Auth0|Azure|Bamboo|Bitbucket|Blackduck|Buildkite"
    r"|Burp Suite|Cassandra|Checkmarx|Chromatic|Codecov|Confluence|Consul|Coverity|Cypress|Datadog|Docker|Dynatrace"
    r"|Elasticsearch|Envoy|Excel|Fastly|Figma|Firebase|Flyway|Gatling|Gerrit|Gitlab|Github|Grafana|Graylog|Heroku|Istio"
    r"|Jenkins|Jira|Kafka|Keycloak|Kibana|Kubernetes|Kustomize|Liquibase|Logstash|Loki|Lucidchart|Miro|Mixpanel|Mongo"
    r"|Nagios|Netlify|Nexus IQ|Nginx|Okta|Opsgenie|Outlook|Pingdom|Playwright|Postgres|Postman|Prometheus|Puppet|Redis"
    r"|Salesforce|Saltstack|Segment|Selenium|Semgrep|Sentry|Sharepoint|Slack|Snowflake|Snyk|Sonar|Spinnaker|Splunk"
    r"|Statuspage|Storybook|Tableau|Teamcity|Telegram|Terraform|Trello|Trivy|Vercel|Veracode|Zabbix|Zendesk|Zephyr"
    r"|Zipkin|Zookeeper)\b"
)
# A single capitalised word after "in", "using" and the like. One that the evidence holds in any case is no invention.
_USED = lazy(r"(?<=[\w,] )(?:in|into|using|with|via|through|on|from) (?P<name>[A-Z][a-z]\w+)(?![\w-]| [A-Z]| (?:%|\d))")
_WORDS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split(),  # noqa: SIM905 - easier to read
    )
} | {"fifteen": "15", "twenty": "20", "thirty": "30", "sixty": "60", "ninety": "90"}
_TIME = (
    r"(?:working|business|calendar)?[ -]?(?:milliseconds?|ms|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?"
    r"|months?|quarters?|years?|sprints?)"
)
_SIZE = r"(?:[kmgt]i?b|[kmgt]bit/s|mbps|gbps|bytes?|kilobytes?|megabytes?|gigabytes?|terabytes?)"
_COUNT = (
    r"(?:users?|customers?|requests?(?: per (?:second|minute))?|rps|retries|attempts?|times|replicas?|instances?|nodes?"
    r"|pods?|reviewers?|approvers?|approvals?|people|engineers?|participants?|errors?|tickets?|lines?|characters?|rows?|records?"
    r"|points?|vcpus?|cpus?|cores?|px|pixels?|km|kg|cm|mm|°c|°f|watts?|volts?)"
)
_NUMBER = r"\d+(?:[.,]\d+)*"
# A year in front of a quantity is none itself: "from 2027 47 days".
_LISTED = rf"(?!(?:19|20)\d\d(?!\d)){_NUMBER}\s*(?:%|percent)?"
_LIST = rf"(?P<list>(?:{_LISTED}(?:,\s+(?:and\s+|or\s+)?|\s+(?:and|or|to)\s+|\s*[-–]\s*))*)"
_QUANTITY = lazy(
    rf"(?<![\w.,/:-])(?:{_LIST}(?P<number>{_NUMBER})"
    rf"(?:\s*(?P<percent>%|per ?cent\b)|[ -]?(?P<unit>{_TIME}|{_SIZE}|{_COUNT})\b|(?P<short>ms|s|m|h|d|w)\b)"
    rf"|(?P<word>{'|'.join(_WORDS)})[ -](?P<time>{_TIME})\b)",
    re.IGNORECASE,
)
_MONEY = lazy(r"(?:[$€£]\s?\d+(?:[.,]\d+)*[kKmM]?\b|\b\d+(?:[.,]\d+)*\s?(?:USD|EUR|GBP|dollars|euros)\b)")
_EXACT = lazy(r"\b(?:v\d+(?:\.\d+)+|\d{4}-\d{2}-\d{2}|\d+\.\d+\.\d+(?:[-+.][\w.]+)?|[Pp]ort \d{2,5})\b")
_UNITS = {"sec": "second", "s": "second", "min": "minute", "m": "minute", "hr": "hour", "h": "hour", "d": "day"}
_UNITS |= {"w": "week", "ms": "millisecond", "vcpu": "cpu", "core": "cpu", "pixel": "px"}
_JOINING = frozenset({"the", "a", "an", "and", "or", "of", "to", "for", "in", "on", "with", "by", "&", "/"})
_SHOWN = 120
_MORE = "..."

Quantity = tuple[str, str]

_MANY: Mapping[Kind, str] = {"command": "commands", "number": "numbers", "role": "roles"}
"""What is asked together: what is tried, and what is decided; all else is looked up."""
_OTHERS = "names and places"
# Words with a capital inside a sentence: of a question they name the products that it is about.
_CAPITALISED = lazy(r"(?<=[\w,;/(] )(?P<word>[A-Z][A-Za-z]{2,})(?![\w-])")
# A product of so many letters may go on in the name of its program: RabbitMQ, rabbitmqctl.
_LONG_NAME = 4
_FUNCTION = lazy(r"^\s*(?:function\s+)?(\w+)\s*\(\)", re.MULTILINE)
# A time on the clock of the work: "T + 70 minutes".
_CLOCK = lazy(r"\b[A-Z]\w?\s?\+\s?\d[\d.,]*\s?[a-z]+")
_PROPOSED_VALUE = lazy(rf"{re.escape(PROPOSED)}([^;)]*)")
_SINGLE = lazy(r"\d{1,9}(?:\.\d{1,9})?")
_MINUTES = {"second": 1 / 60, "minute": 1, "hour": 60, "day": 24 * 60, "working day": 24 * 60, "week": 7 * 24 * 60}


@dataclass(frozen=True, slots=True)
class Particular:
    """One fact as it is in a text. ``quantities`` holds number and unit, where it is a quantity.

    ``block`` numbers the block of code that it is in, from 1 in each text.
    """

    kind: Kind
    text: str
    quantities: tuple[Quantity, ...] = ()
    names: tuple[str, ...] = ()
    block: int = 0

    def __str__(self) -> str:
        """Return it as an open question names it: ``command `foo --bar```, ``number "30 days"``."""
        return f"{self.kind} {self.quoted}"

    @property
    def quoted(self) -> str:
        """The fact in quotation marks; of a long one the beginning."""
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}{_MORE}"
        quote = "`" if self.kind in ("command", "path", "name", "place") and "`" not in shown else '"'
        return f"{quote}{shown}{quote}"


def find_claims(text: str) -> Iterator[Particular]:
    """Yield what a text claims, each place once: what is in code first, then addresses, then words and numbers."""
    for number, match in enumerate(_FENCED.finditer(text), start=1):
        yield from _block_claims(match, number)
    text, codes = _cut(_ends().sub("", _FENCED.sub("\n", text)), _CODE)
    for code in codes:
        yield from _code_claims(" ".join(code.strip("`").split()))
    kinds: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("URL", _URL),
        ("address", _EMAIL),
        ("address", _CHANNEL),
        ("command", _TYPED),
        ("command", _FLAGGED),
        ("address", _HOST),
        ("path", _PATH),
        ("command", _FLAG),
        ("name", _SNAKE),
        ("role", _role()),
        ("tool", _CAMEL),
        ("tool", _PRODUCTS),
        ("tool", _USED),
        ("number", _MONEY),
        ("number", _EXACT),
    )
    for kind, pattern in kinds:
        text, pieces = _cut(text, pattern)
        yield from (Particular(kind, each.rstrip(".,;:!?")) for each in pieces)
    yield from _named(text)
    for match in _QUANTITY.finditer(text):
        yield Particular("number", " ".join(match[0].split()), tuple(_quantities(match)))


@lru_cache(maxsize=1)
def _ends() -> re.Pattern[str]:
    """Return the pattern of the words before the name of an exit state: a rule says whether there is such a state."""
    flow = words()["flow"]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, (*flow['exits'], *flow['ends'])))})\s+(?=[A-Z])", re.IGNORECASE)


@lru_cache(maxsize=1)
def _role() -> re.Pattern[str]:
    """Return the pattern of a role with capitals, by the words that roles end with: "Chief Threat Officer"."""
    heads = "|".join(re.escape(head.capitalize()) for head in words()["brief"]["roles"])
    return re.compile(rf"(?<=[a-z,] )(?:[A-Z][a-z]+[ -]){{1,3}}(?:{heads})\b")


def _cut(text: str, pattern: re.Pattern[str]) -> tuple[str, list[str]]:
    """Return the text with the matches taken out, and the matches: what was read once is not read as something else."""
    part = 1 if pattern in (_TYPED, _USED) else 0
    pieces = [match[part] for match in pattern.finditer(text)]
    # A sign that is no letter keeps the words at both sides apart.
    return pattern.sub(" \u2022 ", text), pieces


def _block_claims(block: re.Match[str], number: int) -> Iterator[Particular]:
    """Yield what a block of code claims: what is typed line by line; of program text only places that a team has."""
    if _language(block) in _WORDED_LANGUAGES:
        yield from find_claims(block["body"])
        return
    for line in _lines_of(block):
        if _SENTENCE.fullmatch(line):
            yield from find_claims(line)
        elif re.search(r"\w", line):
            yield Particular("command", line, block=number)


def _language(block: re.Match[str]) -> str:
    return block["language"].strip().split(" ")[0].casefold()


def _lines_of(block: re.Match[str]) -> Iterable[str]:
    if _language(block) in _TYPED_LANGUAGES:
        return _typed_lines(_CONTINUED_LINE.sub(" ", block["body"]).splitlines())
    return (line.strip() for line in block["body"].splitlines() if names_place(line))


def _typed_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a block that are typed, one whose quotation goes on together with the next ones.

    What a line hands on as text (``<<'END'``) is text of a program: of this only the lines that name a place.
    """
    begun, end = "", ""
    for raw in lines:
        if end:
            end = "" if raw.strip() == end else end
            if names_place(raw):
                yield raw.strip()
            continue
        begun = f"{begun} {raw.strip()}" if begun else " ".join(_PROMPT.sub("", raw).split())
        if re.search("[\"']", _QUOTES.sub("", begun)) and len(begun) < _LONGEST_LINE:
            continue
        here = _HERE.search(begun)
        end = here["end"] if here else ""
        yield begun
        begun = ""
    if begun:
        yield begun


def _code_claims(code: str) -> Iterator[Particular]:
    if not re.search(r"\w", code):
        return
    if _SENTENCE.fullmatch(code):
        # Words to say are no command; what they claim is looked for as in any other text.
        yield from find_claims(code)
    elif _URL.fullmatch(code):
        yield Particular("URL", code)
    elif _EMAIL.fullmatch(code):
        yield Particular("address", code)
    elif " " in code or code.startswith("-"):
        yield Particular("command", code)
    elif _PATH.fullmatch(code):
        yield Particular("path", code)
    else:
        yield Particular("name", code)


def _named(text: str) -> Iterator[Particular]:
    """Yield names of documents. Of "Follow API Style Standards" each end that may be the name goes with it."""
    for phrase in find_phrases(text):
        words = phrase.words
        skips = [n for n in range(len(words) - 1) if n <= phrase.sentence_start or words[n - 1] in _JOINING]
        names = tuple(" ".join(words[skip:]) for skip in skips if words[skip] not in _JOINING)
        if names:
            yield Particular("procedure", names[-1], names=names)


def _quantities(match: re.Match[str]) -> Iterator[Quantity]:
    unit = _unit(match["percent"] or match["unit"] or match["short"] or match["time"])
    if match["word"]:
        yield _WORDS[match["word"].casefold()], unit
        return
    yield _number(match["number"]), unit
    for number in re.findall(_NUMBER, match["list"] or ""):
        yield _number(number), unit


def find_quantities(text: str) -> frozenset[Quantity]:
    """Return all quantities of a text as number and unit: ``30-day``, ``30 days`` and ``thirty days`` are the same."""
    return frozenset(chain.from_iterable(map(_quantities, _QUANTITY.finditer(text))))


def find_minutes(text: str) -> list[float]:
    """Return the times that a text names, each once, in minutes: ``2 hours`` is 120, ``30 seconds`` is 0.5."""
    return sorted(set(filter(None, map(_minutes, find_quantities(text)))))


def _minutes(quantity: Quantity) -> float:
    """Return a time in minutes; 0 for what is no time, and for signs that are no single number: ``1.5.10``."""
    number, unit = quantity
    return round(float(number) * _MINUTES[unit], 4) if unit in _MINUTES and _SINGLE.fullmatch(number) else 0


def spellings(number: str) -> tuple[str, ...]:
    """Return how a normal number may be written."""
    return (number, *(word for word, value in _WORDS.items() if value == number))


def _number(text: str) -> str:
    """Return a number without thousands separators: ``10,000`` gives ``10000``, ``99,9`` gives ``99.9``."""
    text = re.sub(r",(?=\d{3}(?:\D|$))", "", text).replace(",", ".")
    return re.sub(r"\.0+$", "", text)


def _unit(text: str) -> str:
    unit = " ".join(text.casefold().replace("-", " ").split())
    if unit in ("%", "percent", "per cent"):
        return "%"
    unit = unit.replace("business ", "working ").removeprefix("calendar ")
    *before, last = unit.split(" ") if " per " not in unit else [unit]
    last = "retry" if last == "retries" else last
    last = last if last in ("ms", "s", "px", "times") or last.endswith("ss") else last.removesuffix("s")
    return " ".join([*before, _UNITS.get(last, last)])


_CLAIMED = lazy(rf"^{UNVERIFIED}\w[\w ]+ [`\"](.+)[`\"] in ")
# Older documents have a question for the paths, and one for the names, of each place.
_SEVERAL = lazy(rf"^{UNVERIFIED}(?:commands|paths|names|numbers|roles|{_OTHERS}) ")
_QUOTED = lazy(r"`([^`]+)`|\"([^\"]+)\"")
_CONTINUED = lazy(r"\\\r?\n")
_MARKUP = lazy(r"[`*]+|\\(?=[|_*#<>-])")
_HOLE = lazy(r"<[\w .-]+>|\{\{?[\w .-]+\}?\}|\$\{?[A-Za-z_]\w*\}?|\[[\w .-]+\]|\.\.\.|…")
_COMMENT = lazy(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_LETTERS = lazy(r"[a-z0-9]+")
_WINDOW = 60
_ROUGHLY = 240
_LONGEST_LINE = 2000


class _SourceText:
    """One text without marks, in which claims are looked up."""

    def __init__(self, plain: str) -> None:
        self._plain = plain

    @cached_property
    def _folded(self) -> str:
        return self._plain.casefold()

    def states(self, words: str, *, folded: bool) -> bool:
        """Say whether words are in the text as wholes; ``folded`` in any case."""
        text, words = (self._folded, words.casefold()) if folded else (self._plain, words)
        if _HOLE.search(words) and _pattern(words).search(text):
            return True
        position = text.find(words)
        while position != -1:
            if _is_whole(text, position, position + len(words)):
                return True
            position = text.find(words, position + 1)
        return False

    def measures(self, number: str, unit: str) -> bool:
        """Say whether the text has a quantity, in any spelling."""
        for written in _written_numbers(number):
            for match in re.finditer(rf"(?<!\w){re.escape(written)}", self._folded):
                around = self._folded[max(0, match.start() - _WINDOW) : match.end() + _WINDOW]
                if (number, unit) in find_quantities(around):
                    return True
        return False


class DocumentTexts:
    """Documents as evidence. One is read closely only where it may hold what is looked for, and then remembered."""

    def __init__(self) -> None:
        self._letters: dict[tuple[str, str], bytes] = {}
        self._texts: dict[tuple[str, str], _SourceText] = {}

    def holding(self, procedures: Iterable[Procedure], may_hold: Callable[[bytes], object]) -> Iterator[_SourceText]:
        """Yield the documents that may hold something, as their letters and digits tell."""
        return (self._text(procedure) for procedure in procedures if may_hold(self._letters_of(procedure)))

    def written(self, procedure: Procedure, words: Iterable[str]) -> set[str]:
        """Return those of some words in lower case that a document has as they are, wherever in it."""
        letters = self._letters_of(procedure)
        possible = [word for word in words if word.encode() in letters]
        text = _SourceText(procedure.source.raw.decode(errors="replace") if possible else "")
        return {word for word in possible if text.states(word, folded=False)}

    def _letters_of(self, procedure: Procedure) -> bytes:
        key = (procedure.path, procedure.stamp)
        if key not in self._letters:
            self._letters[key] = _letters(procedure.source.raw)
        return self._letters[key]

    def _text(self, procedure: Procedure) -> _SourceText:
        key = (procedure.path, procedure.stamp)
        if key not in self._texts:
            self._texts[key] = _SourceText("\n".join(map(_plain, _document_texts(procedure))))
        return self._texts[key]


# Names of days and months are written as those of tools are.
_CALENDAR = frozenset(chain(calendar.day_name, calendar.month_name))
# What the trade knows of each kind.
_PUBLIC: Mapping[Kind, Callable[[str], bool]] = {
    "command": is_public,
    "name": is_public_name,
    "URL": is_public_host,
    "address": is_public_host,
    "path": is_public_path,
    "number": is_public_port,
    "tool": _CALENDAR.__contains__,
}


@dataclass(frozen=True)
class Evidence:
    """Everything that a draft may rest on: a text, and documents, which are read as far as claims need it."""

    own: _SourceText
    titles: frozenset[str]
    procedures: Sequence[Procedure] = ()
    texts: DocumentTexts = field(default_factory=DocumentTexts)
    roles: tuple[str, ...] = ()
    known: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    """What was found of words that were looked for in the documents: nowhere written are these of them."""

    @classmethod
    def of(cls, texts: Iterable[str], titles: Iterable[str] = ()) -> Evidence:
        """Take texts as evidence. Titles are names that may be used, whatever the texts say."""
        return cls(_SourceText("\n".join(map(_plain, texts))), frozenset(map(title_key, titles)))

    def holds(self, claim: Particular) -> bool:
        """Say whether a claim is here."""
        if claim.kind == "procedure":
            return any(title_key(name) in self.titles or self._stands(name, folded=True) for name in claim.names)
        known = _PUBLIC.get(claim.kind)
        if known and known(claim.text):
            return True
        if claim.quantities:
            return all(self._measures(*each) for each in claim.quantities)
        if claim.kind == "role" and any(role in claim.text.casefold() for role in self.roles):
            return True
        # Case matters to a command and to a path; a tool, a role or a host has one name in any case.
        if self._stands(_plain(claim.text), folded=claim.kind in ("tool", "role", "address", "URL", "number")):
            return True
        return claim.kind == "URL" and self._stands(claim.text.rstrip("/"), folded=True)

    def strange(self, words: Iterable[str]) -> set[str]:
        """Return those of some words in lower case that are nowhere written as they are."""
        left = {word for word in words if not self.own.states(word, folded=False)}
        # The questions of a draft are asked again with each of its steps.
        sought = frozenset(left)
        if sought not in self.known:
            for procedure in self.procedures if left else ():
                left -= self.texts.written(procedure, left)
            self.known[sought] = frozenset(left)
        return set(self.known[sought])

    def _stands(self, words: str, *, folded: bool) -> bool:
        piece = max(_LETTERS.findall(_HOLE.sub(" ", words.lower())), key=len, default="").encode()
        return any(text.states(words, folded=folded) for text in self._holding(lambda letters: piece in letters))

    def _measures(self, number: str, unit: str) -> bool:
        pattern = re.compile(_roughly(number, unit).encode(), re.DOTALL)
        return any(text.measures(number, unit) for text in self._holding(pattern.search))

    def _holding(self, may_hold: Callable[[bytes], object]) -> Iterator[_SourceText]:
        yield self.own
        yield from self.texts.holding(self.procedures, may_hold)


def _roughly(number: str, unit: str) -> str:
    """Return a pattern for a number with its unit not far behind, with what a reader does not see between them."""
    last = unit.partition(" per ")[0].rpartition(" ")[2]
    names = {last.removesuffix("y"), *(name for name, known in _UNITS.items() if known == last)}
    names |= {"per"} if unit == "%" else set()
    # A single letter is a unit only at the number itself.
    signs = "|".join(name for name in names if len(name) == 1 and name.isalpha())
    far = "|".join(re.escape(name) for name in names if len(name) > 1 or not name.isalpha())
    numbers = "|".join(map(re.escape, _written_numbers(number)))
    behind = [rf".{{0,{_ROUGHLY}}}?(?:{far})", *([rf"(?:{signs})(?![a-z])"] if signs else [])]
    return rf"(?<![a-z0-9])(?:{numbers})(?:{'|'.join(behind)})"


def _letters(raw: bytes) -> bytes:
    """Return a document as the letters and digits that a reader may see side by side; what is between stays."""
    letters = raw.lower() if raw.isascii() else strip_hidden(raw.decode(errors="replace")).casefold().encode()
    if b"<!--" in letters:
        letters += b"\n" + _COMMENT.sub(b"", letters)
    return letters.translate(None, b"`*\\_~")


def _written_numbers(number: str) -> set[str]:
    """Return how a number may be written."""
    return set(chain.from_iterable((spelling, _grouped(spelling)) for spelling in spellings(number)))


def _grouped(number: str) -> str:
    return f"{int(number):,}" if number.isdigit() else number


def _plain(text: str) -> str:
    """Return a text without the marks of inline code and emphasis, its spaces folded."""
    return " ".join(_MARKUP.sub("", _CONTINUED.sub(" ", text)).split())


def _is_whole(text: str, start: int, end: int) -> bool:
    """Say whether a match is no piece of a longer word, file name or option."""
    before, after = text[start - 1 : start], text[end : end + 2]
    if re.match(r"[\w-]", before) and re.match(r"[\w-]", text[start]):
        return False
    if before == "." and text[start].isalnum() and re.match(r"\w", text[start - 2 : start - 1]):
        return False
    return not re.match(r"[\w-]|\.\w", after) or not re.match(r"[\w-]", text[end - 1])


def _pattern(words: str) -> re.Pattern[str]:
    """Return a pattern in which a hole such as ``<name>`` takes one word."""
    inside = r"\S+".join(re.escape(piece) for piece in _HOLE.split(words))
    return re.compile(rf"(?<![\w-]){inside}(?![\w-])")


def gather_evidence(brief: Brief, library: Library, texts: DocumentTexts | None = None) -> Evidence:
    """Return what the brief and the library say; ``texts`` may remember documents from one brief to the next.

    Comments do not count, because a reader does not see them. Nor does what an earlier draft claimed and no person has
    confirmed yet: an invention must not become evidence by being accepted.
    """
    titles = [brief.request.title, *brief.titles, *(p.title for p in library.procedures)]
    said = Evidence.of(_texts(brief.as_json()), titles)
    roles = tuple(map(str.casefold, brief.roles))
    return replace(said, roles=roles, procedures=library.procedures, texts=texts or DocumentTexts())


def document_texts(library: Library) -> Iterator[str]:
    """Yield the sections of all documents without comments, secrets and unconfirmed claims."""
    for procedure in library.procedures:
        yield from _document_texts(procedure)


def _document_texts(procedure: Procedure) -> Iterator[str]:
    open_claims = list(_open_claims(procedure.document.metadata.get("open_questions")))
    proposals = [q.value for q in procedure.questions if q.kind == "proposal"]
    for chunk in chunk_document(procedure.path, procedure.document):
        text = without_proposals(f"{chunk.heading}\n{chunk.text}", proposals)
        for claim in open_claims:
            text = _without(text, claim)
        yield text


def _open_claims(questions: object) -> Iterator[str]:
    for item in map(str, questions if isinstance(questions, list) else []):
        match = _CLAIMED.match(item)
        if match and _SEVERAL.match(item):
            yield from (one or other for one, other in _QUOTED.findall(item))
        elif match:
            yield match[1]


def _without(text: str, claim: str) -> str:
    """Return a text without a claim that is open. One in a block of code speaks for the whole block."""
    words = claim.removesuffix(_MORE)
    return _FENCED.sub(lambda block: "" if words in _plain(block[0]) else block[0], text).replace(words, "\u2022")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def unverified(
    template: Template, fields: Mapping[str, Any], evidence: Evidence, asked: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return open questions about the claims of a draft that the evidence does not hold, with where they are.

    The times that its steps set themselves are the author's, and no claims. ``asked`` are its other questions.
    """
    doers = [each for each in _doers(template, fields) if each[1].text]
    return doubt(_placed(template, fields), evidence, asked, list(_limits(template, fields)), doers)


def unverified_changes(
    outline: Outline, operations: Iterable[Operation], evidence: Evidence, asked: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return open questions about the claims in what operations write that the evidence does not hold.

    ``asked`` are the questions that are asked beside them. What the document asks is not asked again either.
    """
    own = (question.text for question in read_questions(outline.document, None) if question.kind == "question")
    return doubt(_written(outline, operations), evidence, (*asked, *own))


def _limits(template: Template, fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the part of each step says that holds who does it, and within what time."""
    workflow = template.of_role("workflow")
    parts = [part.name for part in workflow.parts if part.role == "who"] if workflow else []
    for row in (workflow and fields.get(workflow.name)) or ():
        yield " ".join(chain.from_iterable(_texts(row.get(name)) for name in parts))


def _written(outline: Outline, operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    for operation in operations:
        # Of words that are exchanged, the new ones are written.
        values = operation.values[1:] if operation.action == "substitute" else operation.values
        place = f'"{outline.title(outline.targets[operation.target].section)}"'
        yield from ((place, text) for text in _texts(list(values)))


def doubt(
    placed: Iterable[tuple[str, str]],
    evidence: Evidence,
    asked: Sequence[str] = (),
    limits: Sequence[str] = (),
    doers: Iterable[tuple[str, Particular]] = (),
) -> tuple[str, ...]:
    """Return an open question about the claims in texts that the evidence does not hold: one for all of them.

    A block of code is asked about once, and what it uses is asked about with it.

    Args:
        placed: Each text with its place, as the question names it.
        evidence: What the texts may rest on.
        asked: Questions that are open already: what they name is not asked again.
        limits: What the steps say of their own times, in order.
        doers: The roles of the steps, each with its place.
    """
    given = [(place, told_first(text)) for place, text in placed]
    texts = [(place, without_proposals(text)) for place, text in given]
    own = _Own(
        [text for _, text in texts],
        asked,
        frozenset(_products(asked, evidence)),
        _own_times([text for _, text in given], limits),
    )
    places: dict[Particular, list[str]] = {}
    for place, role in doers:
        if not (evidence.holds(role) or own.explains(role)) and place not in places.setdefault(role, []):
            places[role].append(place)
    blocks: set[tuple[int, int]] = set()
    for number, (place, text) in enumerate(texts):
        for claim in chain.from_iterable(own.parts(claim, evidence) for claim in find_claims(text)):
            known = places.get(replace(claim, block=0))
            told = claim.kind == "command" and (number, claim.block) in blocks
            if told or (known is None and (own.explains(claim) or evidence.holds(claim))):
                continue
            if claim.kind == "command" and claim.block:
                blocks.add((number, claim.block))
            known = places.setdefault(replace(claim, block=0), [])
            if place not in known:
                known.append(place)
    return tuple(_together(places))


@dataclass(frozen=True)
class _Own:
    """What a draft says of itself: its texts, what it asks, the products that it asks about, and its own times."""

    texts: Sequence[str]
    asked: Sequence[str]
    products: frozenset[str]
    times: frozenset[float]

    @cached_property
    def _code(self) -> _SourceText:
        """The code in its blocks."""
        blocks = chain.from_iterable(map(_FENCED.finditer, self.texts))
        return _SourceText("\n".join(_plain(b["body"]) for b in blocks if _language(b) not in _WORDED_LANGUAGES))

    @cached_property
    def _names(self) -> frozenset[str]:
        """Names that are a whole field, such as exit states."""
        return frozenset(map(str.strip, self.texts))

    @cached_property
    def _functions(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(map(_FUNCTION.findall, self.texts)))

    @cached_property
    def _claimed(self) -> frozenset[str]:
        """What its questions, or those of its document, already doubt."""
        return frozenset(_open_claims(list(self.asked)))

    @cached_property
    def _has_product(self) -> bool:
        """Whether it names a product, whose names are looked up in a manual."""
        return bool(self.products) or any(_PRODUCTS.search(text) or names_suite(text) for text in self.texts)

    def parts(self, claim: Particular, evidence: Evidence) -> Iterator[Particular]:
        """Yield what of a claim only a team can know: of a command that nothing holds its own programs and names."""
        if claim.kind != "command" or is_option(claim.text) or evidence.holds(claim) or self._is_asked(claim):
            yield claim
            return
        for kind, text in find_strange(claim.text, self._functions):
            yield replace(claim, kind=kind, text=text)

    def _is_asked(self, claim: Particular) -> bool:
        return claim.quoted[1:-1] in self._claimed

    def explains(self, claim: Particular) -> bool:
        """Say whether a claim is asked about already, or is no fact of its own."""
        if self._is_asked(claim) or self._covers(claim):
            return True
        if claim.kind == "tool":
            return claim.text in self._names
        if claim.kind == "number":
            return bool(claim.quantities) and all(map(self._sets, claim.quantities))
        if claim.kind == "command" and is_option(claim.text):
            return True
        if claim.kind == "name" and self._has_product and is_name_of_program(claim.text):
            return True
        used = claim.kind in ("name", "path", "command") and "/" not in claim.text
        return used and not claim.block and self._code.states(_plain(claim.text), folded=False)

    def _covers(self, claim: Particular) -> bool:
        """Say whether a question about a product covers a claim; a place of the team is asked for in any case."""
        if claim.kind not in ("command", "name", "tool") or names_place(claim.text):
            return False
        pieces = _LETTERS.findall(claim.text.casefold())
        return any(self._is_of_product(piece) for piece in pieces)

    def _is_of_product(self, piece: str) -> bool:
        beginnings = tuple(product for product in self.products if len(product) >= _LONG_NAME)
        return piece in self.products or piece.startswith(beginnings)

    def _sets(self, quantity: Quantity) -> bool:
        return _minutes(quantity) in self.times


def _products(questions: Iterable[str], evidence: Evidence) -> set[str]:
    """Return the names of products in some questions: capitalised words that are no ordinary word of the library."""
    asked = (question for question in questions if not question.startswith(UNVERIFIED))
    words = chain.from_iterable(map(_CAPITALISED.finditer, asked))
    return evidence.strange(match["word"].casefold() for match in words)


def _own_times(texts: Iterable[str], limits: Sequence[str]) -> frozenset[float]:
    """Return the times in minutes that a draft sets or proposes, and what comes out when they are added."""
    steps = [max(find_minutes(limit), default=0) for limit in limits]
    said = chain.from_iterable((*_CLOCK.findall(text), *_PROPOSED_VALUE.findall(text)) for text in texts)
    single = set(chain.from_iterable(map(find_minutes, (*limits, *said))))
    pairs = {one + other for one, other in combinations(sorted(single), 2)}
    return frozenset(single | pairs | set(accumulate(steps)))


def _together(places: Mapping[Particular, Sequence[str]]) -> Iterator[str]:
    """Yield one question for all that is open: commands, then names and places, then numbers, as they come."""
    groups: dict[str, list[Particular]] = {}
    for claim in places:
        groups.setdefault(_MANY.get(claim.kind, _OTHERS), []).append(claim)
    listed: list[str] = []
    for group, claims in groups.items():
        kind = claims[0].kind if len(places) == 1 else group
        said = (f"{claim.quoted} in {' and '.join(places[claim])}" for claim in claims)
        listed.append(f"{kind} {'; '.join(dict.fromkeys(said))}")
    if listed:
        yield UNVERIFIED + "; ".join(listed)


def _placed(template: Template, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each text with its place: ``step 3``, or the heading of its section. An example claims nothing."""
    for spec in template.sections:
        value = fields.get(spec.name)
        if spec.role == "example":
            continue
        if spec.kind == "steps" and isinstance(value, Sequence):
            for number, row in enumerate(value, start=1):
                yield from ((f"step {number}", text) for text in _texts(row))
        else:
            yield from ((f'"{spec.heading}"', text) for text in _texts(value))


def _doers(template: Template, fields: Mapping[str, Any]) -> Iterator[tuple[str, Particular]]:
    """Yield the role of each step with its place, where the part that says who does it has a field for a role."""
    workflow = template.of_role("workflow")
    part = next((part for part in workflow.parts if part.role == "who"), None) if workflow else None
    slots = part.pattern.slots if part and part.pattern else ()
    rows = (workflow and fields.get(workflow.name)) or () if slots else ()
    for number, row in enumerate(rows, start=1):
        who = row.get(part.name) if part else None
        role = who.get(slots[0].name) if isinstance(who, Mapping) else None
        if role:
            yield f"step {number}", Particular("role", " ".join(without_proposals(told_first(str(role))).split()))
