"""The offline author: composes a draft from the plan, the neighbours' contracts and retrieved passages.

No model, no key, no network, and the same words for the same library. It decides nothing that needs judgement:
that becomes an open question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from procauthor.authoring.author import Ask
from procauthor.authoring.brief import Answer, Brief, NamedText
from procauthor.authoring.passage import is_about
from procauthor.authoring.topic import (
    Facts,
    Quote,
    Topic,
    fit,
    fit_rows,
    gap_fields,
    gap_rows,
    gap_text,
    holds_gap,
    join,
    plain_heading,
    quotes,
    rulings,
    subject,
    topics,
    words_of,
)
from procauthor.naming import title_key
from procauthor.procedure import DONE
from procauthor.template.model import late_name, late_parts, sections_of_step
from procauthor.template.spec import SectionSpec, inputs_name, step_word
from procauthor.template.spec import plain_heading as plain_title

_SCOPE = "Confirmed Scope"


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
            sources={name: tuple(dict.fromkeys(found)) for name, found in composer.sources.items() if name in values},
            questions=tuple(dict.fromkeys(composer.questions)),
        )


class _Composer:
    """Writes the fields of one ask, and remembers what each rests on and what is open."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.brief: Brief = ask.brief
        self.subject = subject(self.brief.request.title)
        self.topics = _with_wanted(topics(self.brief), self.brief)
        self.sources: dict[str, list[str]] = {}
        self.questions: list[str] = []
        self.used: set[str] = set()
        self.step_word = step_word(ask.template)
        self.inputs_name = inputs_name(ask.template)
        wanted = ask.template.of_role("inputs")
        self.most_inputs = (wanted.constraint.maximum if wanted else 0) or None
        self._name = self._heading = ""
        self._known: dict[str, Callable[[SectionSpec], Any]] = {
            "purpose": self.purpose,
            "trigger": self.trigger,
            "inputs": self.inputs,
            "plan": self.plan,
            "workflow": self.workflow,
            "outputs": self.outputs,
            "criteria": self.criteria,
            "consumers": self.consumers,
            "done": self.done,
            "records": self.audit,
            "exits": self.exits,
        }

    def section(self, spec: SectionSpec) -> Any:
        """Return the value of one section; an optional one for which something is unknown is left out.

        Of a form that requires nothing, every section is asked for: nobody can say which of them may be missing.
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
        found: list[Facts] = []
        for neighbour in self.brief.upstream:
            outputs = neighbour.outputs or (NamedText(f"{subject(neighbour.title)} Result", ""),)
            for output in outputs:
                text = output.text or f"what {neighbour.title} hands over"
                found.append({"artifact": output.name, "description": _sentence(text), "provider": neighbour.title})
        unique = {title_key(each["artifact"]): each for each in found}
        return list(unique.values())[: self.most_inputs] or [
            {"artifact": f"{self.subject} Request", "description": "what is asked for, by whom, and until when"}
        ]

    def quoted(self, about: str, limit: int = 2) -> tuple[Quote, ...]:
        """Return quotes about a topic, and note their passages as sources."""
        found = quotes(self.brief, about, limit, self.used)
        self.used.update(quote.text for quote in found)
        self.rest_on(*(quote.passage.id for quote in found))
        return found

    def card(self) -> Facts:
        """Return what the neighbours make known of the first screen."""
        names = {want.name: neighbour.title for neighbour in self.brief.downstream for want in neighbour.wants}
        if not names or not self.brief.upstream:
            return {}
        after = join(list(dict.fromkeys(names.values())))
        return {"goal": f"{join([f'the {name}' for name in names])}, as {after} needs it.", "when": self.event()}

    def event(self) -> str:
        """Return the event that hands over to this procedure, of the first that comes before it."""
        first = self.brief.upstream[0]
        return f"{first.title} is done."

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
        if brief.upstream:
            names = [t.artifact for t in self.topics]
            inputs = join([f"the {i['artifact']}" for i in self.required()])
            sentences.append(f"It turns {inputs} into {join([f'the {n}' for n in names])}.")
        after = [n.title for n in brief.downstream]
        if after:
            sentences.append(f"It stops where {join(after)} can start.")
        self.ask_person(f"which cases are out of scope for {self.subject}, beyond what the purpose says?")
        return " ".join(_sentence(s) for s in sentences)

    # Step 2

    def trigger(self, spec: SectionSpec) -> list[Any]:
        events: list[Facts] = [
            {"event": f"{neighbour.title} has delivered {join([o.name for o in neighbour.outputs])}."}
            if neighbour.outputs
            else {"event": f"{neighbour.title} has ended in its success state."}
            for neighbour in self.brief.upstream
        ]
        self.rest_on(*(f"contract:{n.path or n.title}" for n in self.brief.upstream))
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
        if not self.brief.upstream:
            self.ask_person(f"nothing is known to come before {self.subject}: what must exist before it starts?")
        return self.rows(spec, self.required())

    def plan(self, _spec: SectionSpec) -> str:
        # From which size of change on a plan is needed, and who approves it, is for the team to say.
        return ""

    # Step 3

    def workflow(self, spec: SectionSpec) -> list[Facts]:
        steps = [self.confirm(), *(self.work_out(topic) for topic in self.topics), self.review(), self.hand_over()]
        last = len(steps)
        # Where no later step of the template asks for it, what can go wrong is said at once.
        return [
            self.step(spec, {**facts, "failures": self.failures(number, facts, last)})
            for number, facts in enumerate(steps, start=1)
        ]

    def step(self, spec: SectionSpec, facts: Facts) -> Facts:
        """Fit the facts of a step to the parts that the template has."""
        late = {part.name for section, part in _late(self.ask, spec) if section is spec}
        slots = spec.step_heading.slots if spec.step_heading else ()
        fields: Facts = {slot.name: facts["name"] for slot in slots if slot.name != "number"}
        for part in spec.parts:
            if part.name not in late:
                fields[part.name] = self.part(part, facts.get(part.role))
        return fields

    def part(self, part: SectionSpec, known: Any) -> Any:
        """Return a part of a step; one that nothing is known of is a gap."""
        if part.kind == "prose" and isinstance(known, list):
            known = " ".join(_sentence(str(next(iter(each.values())))) for each in known)
        if part.constraint.optional and not known:
            return None
        if part.kind == "prose":
            return self.prose(part, known or "")
        rows = self.rows(part, known) if isinstance(known, list) else []
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

    def confirm(self) -> Facts:
        inputs = self.required()
        return {
            "name": "Confirm scope and inputs",
            "purpose": f"Make sure that {self.subject} starts from accepted inputs and an agreed boundary.",
            "inputs": [{"artifact": i["artifact"], "source": self.inputs_name} for i in inputs],
            "actions": [
                *({"action": f"Open the {i['artifact']} and confirm that its owner has accepted it."} for i in inputs),
                *self.readings(),
                {"action": f"Write down what {self.subject} covers this time, and what it leaves out."},
            ],
            "decisions": [
                {
                    "condition": "an input is missing or not accepted",
                    "then": "stop and end in the state Blocked",
                    "otherwise": f"go on with {self.step_word} 2",
                }
            ],
            "outputs": [
                {"artifact": _SCOPE, "description": "the boundary of the work, with the version of every input"}
            ],
        }

    def readings(self) -> list[Facts]:
        """Return the action to read the nearest passages, at most one of each document."""
        nearest = {p.title: p for p in reversed(self.brief.passages) if not is_about(p)}
        found = sorted(nearest.values(), key=lambda p: int(p.id[1:]))[:3]
        if not found:
            return []
        self.rest_on(*(p.id for p in found))
        names = join([f"“{plain_heading(p)}” of {p.title}" for p in found])
        return [{"action": f"Read what the library already says: {names}."}]

    def quoted_actions(self, about: str, limit: int = 1) -> list[Facts]:
        return [
            {"action": f"Check against “{plain_heading(q.passage)}” of {q.passage.title}: {q.text}"}
            for q in self.quoted(about, limit)
        ]

    def ruled_actions(self, topic: Topic) -> list[Facts]:
        """Return the rules of standards that the topic, or what is said of the purpose, speaks about."""
        found = rulings(self.brief, f"{topic.name} {self.subject} {self.brief.present}", 3, self.used)
        self.used |= {ruling.text for ruling in found}
        return [{"action": f"Keep to {r.rule} of {r.standard}: {r.text}."} for r in found]

    def work_out(self, topic: Topic) -> Facts:
        inputs = self.required()
        self.ask_person(f"which method, tool and threshold decide that {topic.name} is good enough?")
        return {
            "name": f"Work out {topic.name}",
            "purpose": f"Produce the {topic.artifact} within the confirmed scope.",
            "inputs": [
                {"artifact": _SCOPE, "source": f"{self.step_word} 1"},
                *({"artifact": i["artifact"], "source": self.inputs_name} for i in inputs[:3]),
            ],
            "actions": [
                {"action": f"List every element of the {inputs[0]['artifact']} that {topic.name} must cover."},
                *self.quoted_actions(f"{topic.name} {self.subject} {join([i['artifact'] for i in inputs])}", 2),
                *self.ruled_actions(topic),
                {"action": f"Write each result into the {topic.artifact}."},
            ],
            "decisions": [
                {
                    "condition": "an element lies outside of the confirmed scope",
                    "then": f"return to {self.step_word} 1 and settle the scope",
                    "otherwise": "record it and go on",
                }
            ],
            "outputs": [
                {"artifact": topic.artifact, "description": "for each element its result, its owner and the date"}
            ],
        }

    def review(self) -> Facts:
        return {
            "name": "Review the results",
            "purpose": "Let somebody who did not do the work confirm that it is complete and consistent.",
            "inputs": [
                {"artifact": t.artifact, "source": f"{self.step_word} {n}"} for n, t in enumerate(self.topics, start=2)
            ],
            "actions": [
                {"action": "Compare every entry with the confirmed scope, and note gaps and contradictions."},
                *self.quoted_actions("reviewer review objection decision approval approve finding"),
                {"action": "Record each objection with its answer, and the decision with role and date."},
            ],
            "decisions": [
                {
                    "condition": "the reviewer finds a gap",
                    "then": f"return to {self.step_word} 2",
                    "otherwise": "accept the results",
                },
                {
                    "condition": "the reviewer refuses the results as a whole",
                    "then": "tell the requester why, and end in the state Rejected",
                },
            ],
            "outputs": [{"artifact": self.record, "description": "objections, answers and the decision"}],
        }

    @property
    def record(self) -> str:
        """The name of the review's record."""
        return f"{self.subject} {'Acceptance' if self.subject.endswith('Review') else 'Review'} Record"

    def hand_over(self) -> Facts:
        after = [n.title for n in self.brief.downstream]
        told = [
            {"action": f"Tell the owner of {name} which artifacts are ready, and where they are."} for name in after
        ]
        return {
            "name": "Hand over",
            "purpose": "Make the accepted results available to everybody who builds on them.",
            "inputs": [
                {"artifact": self.record, "source": f"{self.step_word} {len(self.topics) + 2}"},
                *(
                    {"artifact": t.artifact, "source": f"{self.step_word} {n}"}
                    for n, t in enumerate(self.topics, start=2)
                ),
            ],
            "actions": [
                {"action": "Store the accepted results where the team keeps its records, and fix their version."},
                *told,
            ],
            "decisions": [],
            "outputs": [{"artifact": t.artifact, "description": "accepted, in a fixed version"} for t in self.topics],
        }

    # Step 5

    def late(self, section: SectionSpec, part: SectionSpec) -> list[Facts]:
        """Return the failure handling of every step that step 3 wrote."""
        self._name = late_name(section, part)
        self.sources[self._name] = []
        steps = self.ask.fields.get(section.name) or []
        last = len(steps)
        # What fails in most procedures says nothing of this one: it is written only where each step must say something.
        known = self.failures if part.role == "failures" and not part.constraint.optional else lambda *_: None
        values = [self.part(part, known(number, step, last)) for number, step in enumerate(steps, start=1)]
        return [{"step": number, part.name: value} for number, value in enumerate(values, start=1) if value is not None]

    def failures(self, number: int, step: Mapping[str, Any], last: int) -> list[Facts]:
        name = str(step.get("name", "the step")).lower()
        found = [
            {
                "failure": "An input of this step turns out to be wrong or outdated",
                "response": "stop, tell the owner of that input, and end in the state Blocked until it is corrected"
                if number == 1
                else f"return to {self.step_word} 1 with the corrected input",
            }
        ]
        if number == last:
            found.append(
                {
                    "failure": "Nobody confirms the hand-over within two working days",
                    "response": f"escalate to the owner of the {self.brief.request.lifecycle or 'library'} lifecycle",
                }
            )
        elif number > 1:
            found.append(
                {
                    "failure": f"The people needed to {name} are not available",
                    "response": "escalate to the owner of the lifecycle, and agree on a new date",
                }
            )
        return found

    def exits(self, spec: SectionSpec) -> list[Any]:
        names = join([t.artifact for t in self.topics])
        verb = "are" if len(self.topics) > 1 else "is"
        return self.rows(
            spec,
            [
                {"state": "Completed", "meaning": f"{names} {verb} accepted and handed over."},
                {
                    "state": "Blocked",
                    "meaning": "An input is missing or wrong; its owner is told, and the work waits.",
                },
                {
                    "state": "Rejected",
                    "meaning": "The review refuses the results; the requester is told why, and decides what follows.",
                },
            ],
        )

    # Step 6

    def outputs(self, spec: SectionSpec) -> list[Any]:
        promise = "complete for the confirmed scope, reviewed, and under version control"
        return self.rows(spec, [{"artifact": t.artifact, "guarantee": promise} for t in self.topics])

    def criteria(self, spec: SectionSpec) -> list[Any]:
        facts = [
            {"criterion": f"The {t.artifact} has an entry for every element of the confirmed scope."}
            for t in self.topics
        ]
        facts += [
            {"criterion": f"The results meet {standard}; each deviation is a recorded exception."}
            for standard in self.brief.standards
        ]
        facts += [
            {"criterion": f"As “{plain_heading(quote.passage)}” of {quote.passage.title} asks: {quote.text}"}
            for quote in self.quoted(
                f"accepted measured verify percent every {self.subject} {join([t.name for t in self.topics])}", 1
            )
        ]
        facts.append({"criterion": f"A reviewer who did not do the work accepts the {self.record}."})
        self.ask_person(f"which role accepts the results of {self.subject}?")
        return self.rows(spec, facts)

    def consumers(self, spec: SectionSpec) -> list[Any]:
        facts: list[Facts] = []
        for neighbour in self.brief.downstream:
            wanted = neighbour.wants or (NamedText(self.topics[0].artifact, ""),)
            if not neighbour.wants:
                self.ask_person(f"{neighbour.title} does not say yet what it needs from {self.subject}: agree on it.")
            facts += [
                {
                    "artifact": each.name,
                    "consumer": neighbour.title,
                    "use": _sentence(each.text) if each.text else "as an input.",
                }
                for each in wanted
            ]
        self.rest_on(*(f"contract:{n.path or n.title}" for n in self.brief.downstream))
        return self.rows(spec, facts)

    def done(self, spec: SectionSpec) -> list[Any]:
        facts = [{"criterion": f"The {t.artifact} is accepted and stored under version control."} for t in self.topics]
        facts.append({"criterion": "Every objection of the review has an answer."})
        facts += [{"criterion": f"The owner of {n.title} has been told."} for n in self.brief.downstream]
        return self.rows(spec, facts)

    def audit(self, spec: SectionSpec) -> list[Any]:
        names = [*(t.artifact for t in self.topics), self.record]
        self.ask_person("where does your team keep these records, and for how long?")
        return self.rows(spec, [{"record": n, "location": "in the repository, beside the change"} for n in names])

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
        """Return rows with a gap for each that the template asks for and nobody knows."""
        lacking = spec.constraint.minimum - len(rows)
        return [*rows, *(gap_rows(spec, self.brief.titles, lacking) if lacking > 0 else ())]

    def rows(self, spec: SectionSpec, facts: Sequence[Facts]) -> list[Any]:
        """Fit facts to the fields that an item of this section has."""
        return fit_rows(spec, facts, self.brief.titles)


def _late(ask: Ask, spec: SectionSpec) -> list[tuple[SectionSpec, SectionSpec]]:
    return [pair for step in range(1, 7) for pair in late_parts(ask.template, step) if pair[0] is spec]


def _with_wanted(found: tuple[Topic, ...], brief: Brief) -> tuple[Topic, ...]:
    """Add an artifact that a neighbour already expects by name; it takes the place of a topic that means the same."""
    wanted = {title_key(w.name): w.name for n in brief.downstream for w in n.wants}
    known = {title_key(topic.artifact) for topic in found}
    topics_now = list(found)
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


def _sentence(text: str) -> str:
    clean = text.strip()
    return clean if clean[-1:] in ".!?" else f"{clean}."
