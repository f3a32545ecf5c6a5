"""The offline author: composes a draft from the plan, the neighbours' contracts and retrieved passages.

No model, no key, no network, and the same words for the same library. It writes what the library says, and marks as a
gap what it was not told: it has no sentences of its own for a step, a criterion or an exit that it knows nothing of.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct

from procauthor.authoring.brief import Answer, Ask, Brief, NamedText, Passage
from procauthor.authoring.document import (
    IN_PROGRESS,
    TO_DO,
    Facts,
    fit,
    fit_rows,
    gap_fields,
    gap_rows,
    gap_text,
    gap_words,
    holds_gap,
    render_draft,
)
from procauthor.data import ungrouped
from procauthor.naming import as_sentence, listed, title_key
from procauthor.procedure import DONE
from procauthor.regex import lazy
from procauthor.template.model import late_name, late_parts, sections_of_step
from procauthor.template.spec import SectionSpec, Template, inputs_name
from procauthor.template.spec import plain_heading as plain_title


class OfflineAuthor:
    """Fills a template without a model. Known sections get their own words; any other is filled by its kind."""

    id = "offline"

    def fill(self, ask: Ask) -> Answer:
        """Return the fields of one step."""
        composer = _Composer(ask)
        values = {spec.name: composer.section(spec) for spec in sections_of_step(ask.template, ask.step)}
        for section, part in late_parts(ask.template, ask.step):
            values[late_name(section, part)] = composer.late(section, part)
        names = ask.names
        return Answer(
            values={name: value for name, value in values.items() if not names or name in names},
            sources={name: tuple(dict.fromkeys(ids)) for name, ids in composer.sources.items() if name in values},
            questions=tuple(dict.fromkeys(composer.questions)),
        )


class _Composer:
    """Writes the fields of one ask, and remembers what each rests on and what is open."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.brief: Brief = ask.brief
        self.subject = subject(self.brief.request.title)
        self.topics = _with_wanted(topics(self.brief), self.brief)
        self.artifacts = [topic.artifact for topic in self.topics]
        self.wants: dict[str, str] = {}
        for _, want in self.brief.wanted:
            self.wants[want.name] = self.wants.get(want.name) or want.text
        self.sources: dict[str, list[str]] = {}
        self.questions: list[str] = []
        self.used: set[str] = set()
        self.inputs_name = inputs_name(ask.template)
        wanted = ask.template.of_role("inputs")
        self.most_inputs = (wanted.constraint.maximum if wanted else 0) or None
        self.input_names = [str(facts["artifact"]) for facts in self.required()]
        self._name = self._heading = ""
        self._known: dict[str, Callable[[SectionSpec], Any]] = {
            "purpose": self.purpose,
            "trigger": self.trigger,
            "inputs": self.inputs,
            "plan": self.unsaid,
            "workflow": self.workflow,
            "outputs": self.outputs,
            "criteria": self.criteria,
            "consumers": self.consumers,
            "done": self.done,
            "records": self.audit,
            "exits": self.unsaid,
        }

    def section(self, spec: SectionSpec) -> Any:
        """Return the value of one section; an optional one for which something is unknown is left out.

        Of a form that requires nothing, every section is asked for: it cannot be told which of them may be missing.
        """
        asked = len(self.questions)
        value = self.written(spec)
        if spec.constraint.optional and self.ask.template.required and holds_gap(value):
            del self.questions[asked:]
            return None
        return value

    def written(self, spec: SectionSpec) -> Any:
        """Return the value of one section, with marked gaps where nothing is known."""
        self._name = spec.name
        self._heading = plain_title(spec.heading)
        self.sources[spec.name] = []
        known = self._known.get(spec.role)
        if spec.kind == "steps":
            return self.workflow(spec)
        if spec.kind == "card":
            patterns = [column.pattern for column in spec.columns]
            return fit(patterns, self.card(), self.brief.titles) or gap_fields(patterns, self.brief.titles)
        if known is None or spec.role == "workflow":
            return self.unknown(spec)
        value = known(spec)
        if spec.kind == "prose":
            return self.prose(
                spec, value if isinstance(value, str) else "\n".join(f"- {_words(each)}" for each in value)
            )
        rows = value if isinstance(value, list) else self.rows(spec, [{"text": value}])
        return self.enough(spec, rows)

    def rest_on(self, *sources: str) -> None:
        """Note what the present field rests on."""
        self.sources[self._name].extend(sources)

    def ask_person(self, question: str) -> None:
        """Leave a decision to a person; the question names the section that the answer belongs to."""
        self.questions.append(f"{self._heading}: {question}" if self._heading else question)

    # What is known

    def required(self) -> list[Facts]:
        """Return the inputs: what the procedures before this one guarantee, as many as the template lets in."""
        known: dict[str, Facts] = {}
        for neighbour in self.brief.upstream:
            for output in neighbour.outputs:
                text = output.text or f"what {neighbour.title} hands over"
                facts = {"artifact": output.name, "description": as_sentence(text), "provider": neighbour.title}
                known.setdefault(title_key(output.name), facts)
        return list(known.values())[: self.most_inputs]

    def quoted(self, about: str, limit: int = 2) -> tuple[Quote, ...]:
        """Return quotes about a topic, and note their passages as sources."""
        quoted = quotes(self.brief, about, limit, self.used)
        self.used.update(quote.text for quote in quoted)
        self.rest_on(*(quote.passage.id for quote in quoted))
        return quoted

    def card(self) -> Facts:
        """Return what the neighbours make known of the first screen."""
        if not self.wants or not self.brief.upstream:
            return {}
        names = join([f"the {name}" for name in self.wants])
        after = join([n.title for n in self.brief.downstream if n.wants])
        return {"goal": f"{names}, as {after} needs it.", "when": f"{self.brief.upstream[0].title} is done."}

    # Step 1

    def purpose(self, _spec: SectionSpec) -> str:
        request, brief = self.brief.request, self.brief
        said = request.purpose or request.why
        if not (brief.present or said):
            # The title alone says nothing of the purpose: the section is a gap.
            return ""
        sentences = [brief.present or said, *filter(None, (request.scope,))]
        if brief.present:
            self.rest_on(f"document:{brief.path}")
        if said:
            self.rest_on(f"plan:{request.item}" if request.item and said == request.why else "request")
        inputs, made = ([f"the {name}" for name in names] for names in (self.input_names, self.artifacts))
        if inputs and made:
            sentences.append(f"It turns {join(inputs)} into {join(made)}.")
        after = [n.title for n in brief.downstream]
        if after:
            sentences.append(f"It stops where {join(after)} can start.")
        self.ask_person(f"which cases are out of scope for {self.subject}, beyond what the purpose says?")
        return " ".join(as_sentence(s) for s in sentences)

    # Step 2

    def trigger(self, spec: SectionSpec) -> list[Any]:
        said = self.brief.request.trigger
        events: list[Facts] = [{"event": as_sentence(said)}] if said else []
        events += [
            {"event": f"{neighbour.title} has delivered {join([o.name for o in neighbour.outputs])}."}
            if neighbour.outputs
            else {"event": f"{neighbour.title} has ended in its success state."}
            for neighbour in self.brief.upstream
        ]
        self.rest_on(*(["request"] if said else ()), *(f"contract:{n.path or n.title}" for n in self.brief.upstream))
        return self.rows(spec, events)

    def inputs(self, spec: SectionSpec) -> list[Any]:
        self.rest_on(*(f"contract:{n.path or n.title}" for n in self.brief.upstream))
        for neighbour in self.brief.upstream:
            if not neighbour.outputs:
                self.ask_person(
                    f"{neighbour.title} has no output contract yet: what exactly does it hand over to {self.subject}?"
                )
            elif neighbour.status not in DONE:
                names = join([o.name for o in neighbour.outputs])
                self.ask_person(f"{neighbour.title} is not defined yet: does it hand over {names} as expected here?")
        return self.rows(spec, self.required())

    # Step 3

    def workflow(self, spec: SectionSpec) -> list[Facts]:
        # Where nothing says what is to be made, what the library says of the subject is all that is known of a step.
        known = [self.work_out(topic) for topic in self.topics] or [{"actions": self.said(self.subject)}]
        lacking = max(1, spec.constraint.minimum) - len(known)
        return [self.step(spec, facts) for facts in (*known, *[{}] * lacking)]

    def step(self, spec: SectionSpec, facts: Facts) -> Facts:
        """Fit the facts of a step to the parts that the template has; what is not known is a gap."""
        late = {part.name for section, part in _late(self.ask, spec) if section is spec}
        slots = spec.step_heading.slots if spec.step_heading else ()
        fields: Facts = {s.name: facts.get("name") or gap_words(s) for s in slots if s.name != "number"}
        for part in spec.parts:
            if part.name not in late:
                fields[part.name] = self.part(part, facts.get(part.role))
        return fields

    def part(self, part: SectionSpec, known: Any) -> Any:
        """Return a part of a step; one that nothing is known of is a gap."""
        if part.constraint.optional and not known:
            return None
        if part.kind == "prose" and isinstance(known, list):
            known = " ".join(as_sentence(str(next(iter(each.values())))) for each in known)
        if part.kind == "prose":
            return self.prose(part, known or "")
        rows = self.rows(part, known) if isinstance(known, list) else []
        if part.role == "actions":
            # What standards and neighbours say is not yet how it is done.
            return [*rows, *gap_rows(part, self.brief.titles, 1)]
        return rows or self.nothing(part)

    def nothing(self, spec: SectionSpec) -> list[Any]:
        """Return the entries of a list that nothing is known for: none where the template allows it, else gaps."""
        return gap_rows(spec, self.brief.titles) if spec.constraint.minimum else []

    def prose(self, spec: SectionSpec, text: str) -> Any:
        """Return a text as the template wants it; without words it is a gap."""
        if spec.pattern is None or spec.pattern.single:
            return text or gap_text(spec)
        fields = fit([spec.pattern], {"text": text}, self.brief.titles) if text else None
        return fields or gap_fields([spec.pattern], self.brief.titles)

    def work_out(self, topic: Topic) -> Facts:
        """Return what is known of the step that makes an artifact: who needs it, from what, and which rules hold."""
        users = [n.title for n in self.brief.downstream if topic.artifact in {want.name for want in n.wants}]
        need = "need" if len(users) > 1 else "needs"
        return {
            "name": f"Make the {topic.artifact}",
            "purpose": f"{join(users)} {need} the {topic.artifact}." if users else "",
            "inputs": [{"artifact": name, "source": self.inputs_name} for name in self.input_names],
            "actions": self.said(f"{topic.name} {self.subject}"),
            "outputs": [{"artifact": topic.artifact, "description": self.wants.get(topic.artifact) or TO_DO}],
        }

    def said(self, about: str) -> list[Facts]:
        """Return what neighbours and the rules of standards say about something, each as an action."""
        passages = [
            f"Check against “{plain_heading(q.passage)}” of {q.passage.title}: {q.text}"
            for q in self.quoted(f"{about} {join(self.input_names)}", 2)
        ]
        rules = rulings(self.brief, f"{about} {self.brief.present or self.brief.request.purpose}", 3, self.used)
        self.used |= {rule.text for rule in rules}
        return [
            {"action": text} for text in (*passages, *(f"Keep to {r.rule} of {r.standard}: {r.text}." for r in rules))
        ]

    # Step 5

    def late(self, section: SectionSpec, part: SectionSpec) -> list[Facts]:
        """Return a part of every step that is asked for late: gaps where each step must have it."""
        self._name = late_name(section, part)
        self.sources[self._name] = []
        steps = self.ask.fields.get(section.name) or []
        values = [self.part(part, None) for _ in steps]
        return [{"step": number, part.name: value} for number, value in enumerate(values, start=1) if value is not None]

    def unsaid(self, _spec: SectionSpec) -> list[Any]:
        # In which states the work may end, and from which size of change on a plan is needed, is for the team to say.
        return []

    # Step 6

    def outputs(self, spec: SectionSpec) -> list[Any]:
        facts = [{"artifact": name, "guarantee": self.wants.get(name) or TO_DO} for name in self.artifacts]
        return self.rows(spec, facts)

    def criteria(self, spec: SectionSpec) -> list[Any]:
        about = f"accepted measured verify percent every {self.subject} {join(self.artifacts)}"
        said = (
            f"As “{plain_heading(quote.passage)}” of {quote.passage.title} asks: {quote.text}"
            for quote in self.quoted(about, 1)
        )
        self.ask_person(f"which role accepts the results of {self.subject}?")
        return self.rows(spec, [{"criterion": text} for text in said])

    def consumers(self, spec: SectionSpec) -> list[Any]:
        facts: list[Facts] = []
        for neighbour in self.brief.downstream:
            if not neighbour.wants:
                self.ask_person(f"{neighbour.title} does not say yet what it needs from {self.subject}: agree on it.")
            facts += [
                {
                    "artifact": each.name,
                    "consumer": neighbour.title,
                    "use": as_sentence(each.text) if each.text else "As an input.",
                }
                for each in neighbour.wants or tuple(NamedText(name, "") for name in self.artifacts[:1])
            ]
        self.rest_on(*(f"contract:{n.path or n.title}" for n in self.brief.downstream))
        return self.rows(spec, facts)

    def done(self, spec: SectionSpec) -> list[Any]:
        facts = [{"criterion": f"{n.title} has the {want.name}."} for n, want in self.brief.wanted]
        return self.rows(spec, facts)

    def audit(self, spec: SectionSpec) -> list[Any]:
        return self.rows(spec, [{"record": name, "location": TO_DO} for name in self.artifacts])

    # Any other section

    def unknown(self, spec: SectionSpec) -> Any:
        """Fill a section that only this team's template has, from what the library says about it; the rest are gaps."""
        quotes_now = self.quoted(spec.heading, 3)
        lines = [f"As “{plain_heading(q.passage)}” of {q.passage.title} says: {q.text}" for q in quotes_now]
        if lines:
            self.ask_person(f"what else is to be said about {self.subject} here?")
        if spec.kind == "prose":
            return self.prose(spec, "\n\n".join(lines))
        rows = self.rows(spec, [{"text": line} for line in lines])
        return self.enough(spec, rows)

    def enough(self, spec: SectionSpec, rows: Sequence[Any]) -> list[Any]:
        """Return rows with a gap for each that the template asks for and nothing is known of."""
        lacking = spec.constraint.minimum - len(rows)
        return [*rows, *(gap_rows(spec, self.brief.titles, lacking) if lacking > 0 else ())]

    def rows(self, spec: SectionSpec, facts: Sequence[Facts]) -> list[Any]:
        """Fit facts to the fields that an item of this section has."""
        return fit_rows(spec, facts, self.brief.titles)


def _late(ask: Ask, spec: SectionSpec) -> list[tuple[SectionSpec, SectionSpec]]:
    return [pair for pair in late_parts(ask.template) if pair[0] is spec]


def _with_wanted(own: tuple[Topic, ...], brief: Brief) -> tuple[Topic, ...]:
    """Add an artifact that a neighbour already expects by name; it takes the place of a topic that means the same."""
    wanted = {title_key(want.name): want.name for _, want in brief.wanted}
    known = {title_key(topic.artifact) for topic in own}
    topics_now = list(own)
    for key, name in wanted.items():
        if key in known:
            continue
        near = [n for n, t in enumerate(topics_now) if _akin(t.name, name) and title_key(t.artifact) not in wanted]
        if near:
            topics_now[near[0]] = Topic(topics_now[near[0]].name, name)
        else:
            topics_now.append(Topic(f"the {name}", name))
    return tuple(topics_now)


def _akin(topic: str, artifact: str) -> bool:
    """Say whether a topic and an artifact share the word that they begin with, or most of their words."""
    ours, theirs = title_key(topic).split(), title_key(artifact).split()
    shared = words_of(topic) & words_of(artifact)
    return ours[:1] == theirs[:1] or len(shared) * 2 > len(theirs)


def _words(value: Any) -> str:
    """Return the words of an item, whatever its fields are."""
    return value if isinstance(value, str) else ": ".join(str(text) for text in value.values() if text)


# The document


def render_offline(brief: Brief, template: Template, fields: Mapping[str, Any], **options: Any) -> bytes:
    """Render a draft, whose options are those of `render_draft`; one with marked gaps says that it is in progress."""
    if holds_gap(fields) or _lacks(template, fields):
        options["status"] = IN_PROGRESS
    return render_draft(brief, template, fields, **options)


def _lacks(template: Template, fields: Mapping[str, Any]) -> bool:
    """Say whether a section stays empty that should hold something: a reference that cannot be chosen."""
    return any(
        not fields.get(spec.name) and not spec.constraint.none and spec.constraint.minimum
        for spec in template.required
        if spec.kind != "group"
    )


# What the request and the library say

_CLAUSE = lazy(r"(?<=[.;])\s")
_DEFINE = lazy(r"^(?:define|describe|specify|document|establish)\s+(?:the\s+|an?\s+)?(.+?)\.?$", re.IGNORECASE)
_EMPTY_TAIL = lazy(r"\s+(?:workflows?|creation|process(?:es)?|steps|activities)$", re.IGNORECASE)
_TAILS = (
    (lazy(r"planning$", re.IGNORECASE), "Plan"),
    (lazy(r"testing$", re.IGNORECASE), "Test Report"),
    (lazy(r"(identification|generation|implementation|review|migration)$", re.IGNORECASE), r"\1 Record"),
    (lazy(r"(strategy|design|documentation|plan|report|policy|model)$", re.IGNORECASE), r"\1"),
)
_SENTENCE = lazy(r"(?<=[.!?])\s+(?=[A-Z`])")
_MARKUP = lazy(r"^(?:[-*+]|\d+[.)]|>)\s+|\*\*|__")
_LINK = lazy(r"!?\[([^\]]*)\]\([^)]*\)")
_UNQUOTABLE = lazy(
    r"^[A-Z][\w ]{1,40}:|^This procedure\b|\bStep \d|\bFrom:|[|{}<>\[\]#]|\bPlaceholder\b|not defined yet"
)
_WORD = lazy(r"[a-z0-9]+")
_STOP = frozenset(
    ("the", "a", "an", "of", "and", "or", "to", "for", "in", "on", "with", "is", "are", "be", "by", "that", "this",
     "it", "as", "at", "from", "into", "its", "each")
)  # fmt: skip
# Shorter sentences say too little alone, longer ones do not fit a list item.
_LENGTH = range(40, 221)
_SHARED = 3


class Topic(Struct, frozen=True):
    """One thing to be worked out, and the artifact that shows it."""

    name: str
    artifact: str


class Quote(Struct, frozen=True):
    """A sentence of a passage that speaks about a topic."""

    text: str
    passage: Passage


def subject(title: str) -> str:
    """Return a title without the word "Procedure"."""
    return re.sub(r"\s+procedure$", "", title.strip(), flags=re.IGNORECASE)


def topics(brief: Brief) -> tuple[Topic, ...]:
    """Return what the action items ask to define."""
    asked: list[Topic] = []
    for action in brief.request.actions:
        match = _DEFINE.match(action.strip())
        if match:
            name = _EMPTY_TAIL.sub("", match[1].strip())
            asked.append(Topic(name, _artifact(name)))
    unique = {title_key(topic.artifact): topic for topic in asked}
    return tuple(unique.values())[:6]


def _artifact(name: str) -> str:
    words = " ".join(word if word[:1].isupper() else word.capitalize() for word in name.split())
    words = re.sub(r"\b(For|And|Of|The|To|In)\b", lambda m: m[0].lower(), words)
    for pattern, tail in _TAILS:
        if pattern.search(words):
            return pattern.sub(tail, words)
    return f"{words} Record"


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text that carry meaning, cut to a stem of six letters."""
    return frozenset(word[:6] for word in _WORD.findall(text.casefold()) if word not in _STOP)


def quotes(brief: Brief, about: str, limit: int, used: Collection[str] = ()) -> tuple[Quote, ...]:
    """Return the sentences that share most words with a topic, the nearest passage first; at most one a passage.

    A sentence that was used before, or that speaks of this very procedure by name, is left out.
    """
    wanted = words_of(about)
    own = brief.request.title.casefold()
    weights = _weights(brief)
    scored: list[tuple[float, int, Quote]] = []
    for rank, passage in enumerate(brief.passages):
        usable = [s for s in _sentences(passage) if s not in used and own not in s.casefold()]
        best = max(usable, key=lambda s: _score(s, wanted, weights), default="")
        score = _score(best, wanted, weights)
        if score > 0:
            scored.append((-score, rank, Quote(best, passage)))
    return tuple(quote for _, _, quote in sorted(scored, key=lambda s: s[:2])[:limit])


class TopicRule(Struct, frozen=True):
    """A rule of a standard that speaks about a topic."""

    text: str
    rule: str
    standard: str


def rulings(brief: Brief, about: str, limit: int, used: Collection[str] = ()) -> tuple[TopicRule, ...]:
    """Return the rules that share most words with a topic, the rarest words first; none that was used or cut off."""
    wanted = words_of(about)
    rules = [
        (standard, rule, words_of(f"{rule.name} {rule.text}"))
        for standard, rule in ungrouped((each, each.rules) for each in brief.rules)
    ]
    held = Counter(chain.from_iterable(words for *_, words in rules))
    scored = [
        (-sum(math.log(1 + len(rules) / held[word]) for word in words & wanted) / (8 + len(words)), place)
        for place, (_, rule, words) in enumerate(rules)
        if len(words & wanted) > _SHARED and _first(rule.text) not in used and not rule.text.endswith("...")
    ]
    chosen = [rules[place] for _, place in sorted(scored)[:limit]]
    return tuple(TopicRule(_first(rule.text), rule.name, standard.title) for standard, rule, _ in chosen)


def _first(rule: str) -> str:
    """Return what a rule demands, without how it is measured."""
    return _CLAUSE.split(rule, maxsplit=1)[0].rstrip(";")


def _weights(brief: Brief) -> dict[str, float]:
    """Return how telling each word is: the fewer passages hold it, the more (inverse document frequency)."""
    held = Counter(chain.from_iterable(words_of(passage.text) for passage in brief.passages))
    return {word: math.log(1 + len(brief.passages) / count) for word, count in held.items()}


def _score(sentence: str, wanted: frozenset[str], weights: Mapping[str, float]) -> float:
    """Return the weight of shared words, damped by length; fewer than three shared words are chance."""
    words = words_of(sentence)
    shared = words & wanted
    if len(shared) < _SHARED:
        return 0.0
    return sum(weights.get(word, 0.0) for word in shared) / (8 + len(words))


def _sentences(passage: Passage) -> Iterator[str]:
    """Yield the sentences of a passage that make sense by themselves in another document."""
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)", passage.text):
        text = _LINK.sub(r"\1", " ".join(_MARKUP.sub("", line.strip()) for line in block.splitlines()))
        for sentence in _SENTENCE.split(text.strip()):
            clean = sentence.strip()
            if len(clean) in _LENGTH and clean[-1] in ".!?;" and not _UNQUOTABLE.search(clean):
                yield clean.rstrip(";")


def plain_heading(passage: Passage) -> str:
    """Return a passage's heading without number: "Step 3" of another document would mislead here."""
    return re.sub(r"^(?:step|phase)?\s*\d+(?:\.\d+)*\s*[.:)]\s*", "", passage.heading, flags=re.IGNORECASE)


def join(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    return listed(names, most=len(names))
