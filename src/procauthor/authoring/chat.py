"""The author that is a chat model: it fills typed fields, and is asked again for those that do not fit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace
from pydantic import BaseModel

from procauthor.authoring.allowance import Gate, Spend, at_once
from procauthor.authoring.answer import is_thought, read_object
from procauthor.authoring.brief import Answer, Ask, Brief, FieldProblem, Usage, mark_of, told
from procauthor.authoring.memory import CallLog, call_key
from procauthor.authoring.outline import AIM, OUTLINE, WRITE, is_outline
from procauthor.authoring.passage import join_questions
from procauthor.authoring.provider import Provider, Request
from procauthor.authoring.reply import (
    QUESTIONS,
    SOURCES,
    Checked,
    Reply,
    UnusableReplyError,
    check_fields,
    reply_schema,
    some_titles,
)
from procauthor.data import texts_in
from procauthor.errors import BudgetError
from procauthor.naming import count_words
from procauthor.prompt import PromptLibrary
from procauthor.secret import Censor
from procauthor.settings import AuthoringSettings
from procauthor.template.model import (
    build_model,
    entries_name,
    late_entries,
    late_name,
    late_parts,
    refers,
    sections_of_step,
)
from procauthor.template.spec import Constraint, SectionSpec, Template

_MOST_QUESTIONS = 40
_LEAST_WORDS = 1_200
"""What a model is told that it may write behind an outline, however long that is."""
_PROMPTS = {
    1: "step-1-purpose/ask",
    2: "step-2-inputs/ask",
    3: "step-3-workflow/ask",
    5: "step-5-failures/ask",
    6: "step-6-contract/ask",
}
_MAX_TOLD = 300
_FINISH = {"length": "was cut off at {limit} tokens", "refusal": "was a refusal", "stop": "had no usable JSON"}


def prompt_name(template: Template, step: int) -> str:
    """Return the name of the prompt that asks for a step."""
    if is_outline(template):
        return "outline/ask" if step == OUTLINE else "write/ask"
    return _PROMPTS.get(step, _PROMPTS[6])


@dataclass
class ChatAuthor:
    """Fills the fields of a step with a chat model."""

    provider: Provider
    settings: AuthoringSettings
    prompts: PromptLibrary
    calls: CallLog
    spend: Spend = at_once
    _begun: tuple[Brief, dict[tuple[bool, ...], str]] | None = None

    @classmethod
    def open(  # noqa: PLR0913, PLR0917 - what an author is made of
        cls,
        model: str,
        settings: AuthoringSettings,
        prompts: PromptLibrary,
        calls: CallLog,
        spend: Spend = at_once,
        gate: Gate | None = None,
    ) -> ChatAuthor:
        """Open the model ``provider:name``; nothing is sent yet.

        Args:
            model: The id.
            settings: Bounds, and the server.
            prompts: The prompt files.
            calls: The calls of the run so far.
            spend: Makes each call when there is room for it; at once where nothing is said.
            gate: Where calls wait while the server has too many requests.

        Raises:
            ConfigError: The id is malformed, the provider unknown, its package or its key missing, or the settings
                would send the key to a server that the user did not choose.
        """
        provider = Provider.open(model, settings, gate)
        if calls.last is not None:
            provider.settle(calls.last.form, spelled=calls.last.spelled)
        return cls(provider, settings, prompts, calls, spend)

    @property
    def id(self) -> str:
        """The model as ``provider:name``."""
        return str(self.provider.id)

    def fill(self, ask: Ask) -> Answer:
        """Return the fields of one step, or of those that its problems name.

        Raises:
            ModelError: The provider failed after retries.
            ModelOutputError: No usable output after repairs; its ``raw`` holds the last reply.
            BudgetError: The next call could pass the run's ceiling.
            HaltError: No further call may be made.
        """
        work = _begin(ask)
        for attempt in range(self.settings.repairs + 1):
            if not work.open:
                break
            work.take(self._call(work, attempt))
        if work.open:
            # To resume is to try again: the same bad replies from the log would be no try.
            self.calls.judge(work.replies, good=False)
            raise self._unusable(work)
        self.calls.judge(work.replies, good=True)
        return work.answer()

    def _call(self, work: _Work, attempt: int) -> Reply:
        request = build_request(self.prompts, work, self._begin_words(work))
        messages = (request.system, request.user, request.plain)
        key = call_key(self.id, messages, request.schema, attempt, self._bounds)
        known = self.calls.find(key, step=work.ask.step, fields=work.open)
        if known is not None:
            work.replies[key] = known
            return replace(known, usage=Usage())
        self._check_budget(work, request)
        if attempt and work.last is not None and work.last.finish == "stop" and not work.has_data:
            # A server may take a schema and then ignore it: from now on the words say it too.
            self.provider.spelled = True

        def pay() -> Reply:
            # On the disk before anything else: what waits for its turn to compute could still be lost.
            return self.calls.keep(key, self.provider.ask(request), step=work.ask.step, fields=work.open)

        work.replies[key] = self.spend(request.tokens + self.settings.reply_tokens, pay)
        return work.replies[key]

    def _begin_words(self, work: _Work) -> str:
        """Return the words that all calls of a run begin with: they are made once."""
        ask = work.ask
        if ask.form and not ask.form.briefed:
            return ""
        if self._begun is None or self._begun[0] is not ask.brief:
            self._begun = ask.brief, {}
        begun, parts = self._begun[1], (needs_passages(work), needs_titles(work), needs_promises(work))
        if parts not in begun:
            begun[parts] = _render_brief(self.prompts, work)
        return begun[parts]

    @property
    def _bounds(self) -> str:
        return json.dumps([self.provider.url, self.settings.temperature, self.settings.reply_tokens])

    def _check_budget(self, work: _Work, request: Request) -> None:
        if work.ask.budget is None:
            return
        left, reply = work.ask.budget - work.usage.tokens, self.settings.reply_tokens
        if request.tokens + reply > left:
            message = (
                f"the next call could use {request.tokens + reply} tokens ({request.tokens} in, {reply} out), "
                f"and {max(left, 0)} are left"
            )
            raise BudgetError(message, "raise the ceiling with --max-tokens, and resume the run")

    def _unusable(self, work: _Work) -> UnusableReplyError:
        last = work.last or Reply("")
        what = _FINISH[last.finish].format(limit=self.settings.reply_tokens)
        if last.finish == "stop" and work.has_data:
            what = "did not fit: " + "; ".join(f"{p.field} {p.message}" for p in work.problems)[:_MAX_TOLD]
        elif last.finish == "stop" and not last.text.strip():
            what = "was empty"
        elif last.finish == "stop" and is_thought(last.text):
            what = "was thoughts alone, with no answer behind them"
        message = f"{self.id} gave no usable {', '.join(work.open)} for step {work.ask.step}: its last reply {what}"
        hint = "raise reply_tokens in the settings" if last.finish == "length" else "try another model"
        return UnusableReplyError(message, f"{hint}, then resume the run", last.text)


def request_size(prompts: PromptLibrary, ask: Ask) -> int:
    """Return an estimate of the tokens of the first request for a step."""
    return build_request(prompts, _begin(ask)).tokens


def build_request(prompts: PromptLibrary, work: _Work, begun: str = "") -> Request:
    """Return the words and the schema of the next call. The brief comes first, the same in all calls of a run.

    ``begun`` is the brief in words, where it was rendered before.
    """
    ask = work.ask
    passages = [p.id for p in ask.brief.passages] if needs_passages(work) else []
    titles = () if ask.form else [reference.title for reference in ask.brief.near]
    model = ask.form.model if ask.form else build_model(ask.template, ask.step, some_titles(titles))
    schema = reply_schema(model, work.open, passages, titles)
    mark = mark_of(ask.brief)
    texts = [begun or _render_brief(prompts, work)] if ask.form is None or ask.form.briefed else []
    censor = Censor.of(ask.brief.text.encode())
    texts += [prompts.render(name, {**censor.each(words), "mark": mark}) for name, words in _prompts(work)]
    if work.problems:
        problems = [{"field": p.field, "problem": p.message} for p in work.problems]
        words = {"mark": mark, "problems": problems, "present": told(work.present), "kept": told(work.values)}
        texts.append(prompts.render("repair", censor.each(words)))
    if ask.asked or ask.left is not None:
        words = {"mark": mark, "questions": censor.each(list(ask.asked)), "left": ask.left}
        texts.append(prompts.render("asked", words))
    plain = prompts.render("plain", {"schema": schema})
    return Request(prompts.render("system", {}), "\n".join(texts), schema, plain)


def needs_passages(work: _Work) -> bool:
    """Say whether a call shows the passages: what is written again, or looked at, does without.

    They are at the end of the brief, so that all calls begin alike.
    """
    ask = work.ask
    return not is_outline(ask.template) or (ask.step in (OUTLINE, WRITE) and not work.corrects)


def needs_titles(work: _Work) -> bool:
    """Say whether a call shows the closed list: behind an outline, no field refers to another procedure."""
    return not is_outline(work.ask.template) or (work.ask.step == OUTLINE and _may_refer(work))


def needs_promises(work: _Work) -> bool:
    """Say whether a call shows what all procedures promise: a last look adds no input, and few corrections do."""
    return not is_outline(work.ask.template) or (work.ask.form is None and _may_refer(work))


def _may_refer(work: _Work) -> bool:
    """Say whether what a call asks for may refer to another procedure."""
    sections = sections_of_step(work.ask.template, work.ask.step)
    return not work.corrects or any(refers(section) for section in sections if section.name in work.open)


def _render_brief(prompts: PromptLibrary, work: _Work) -> str:
    ask, mark = work.ask, mark_of(work.ask.brief)
    shown = ask.brief if needs_passages(work) else replace(ask.brief, passages=())
    shown = shown if needs_promises(work) else replace(shown, promises=())
    variables = Censor.of(ask.brief.text.encode()).each(_brief_variables(shown, ask.template, mark))
    return prompts.render("brief", {**variables, "mark": mark, "listed": needs_titles(work)})


def _prompts(work: _Work) -> Sequence[tuple[str, Mapping[str, object]]]:
    """Return the prompts of an ask behind the brief with their variables: those of its form, else of its step."""
    ask = work.ask
    if ask.form:
        return ask.form.prompts
    filled = {name: told(value) for name, value in ask.fields.items() if name not in work.wanted and value is not None}
    sections = list(_wanted(ask.template, ask.step, work.open))
    words: dict[str, object] = {"sections": sections, "filled": filled}
    if is_outline(ask.template) and ask.step != OUTLINE:
        said = sum(map(count_words, texts_in(filled)))
        least, most = AIM
        words |= {"words": said, "left": max(_LEAST_WORDS, most - said)}
        words |= {"least": least, "most": most}
    return ((prompt_name(ask.template, ask.step), words),)


@dataclass
class _Work:
    """One ask while it is worked on: what is kept so far, and what is still wrong."""

    ask: Ask
    model: type[BaseModel]
    wanted: tuple[str, ...]
    problems: tuple[FieldProblem, ...]
    present: Mapping[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    usage: Usage = Usage()
    replies: dict[str, Reply] = field(default_factory=dict)
    last: Reply | None = None
    has_data: bool = False

    @property
    def open(self) -> tuple[str, ...]:
        """The fields that are still wanted."""
        return tuple(name for name in self.wanted if name not in self.values)

    @property
    def corrects(self) -> bool:
        """Whether some fields are written again, and others are kept."""
        return bool(self.ask.problems or (self.problems and self.values))

    def take(self, reply: Reply) -> None:
        """Keep what is good in a reply."""
        self.last = reply
        self.usage += reply.usage
        data = self._read(reply.text) if reply.finish != "refusal" else {}
        self.has_data = bool(data)
        checked = self._check(data)
        used = self._used(data)
        self.sources.update(dict.fromkeys(checked.values, used))
        self.questions += _texts(data.get(QUESTIONS)) if QUESTIONS not in self.model.model_fields else []
        self.present = {problem.field: data[problem.field] for problem in checked.problems if problem.field in data}
        if data:
            # A reply without an object has not left a field empty on purpose.
            self.values.update(checked.values)
        self.problems = tuple(_explain(problem, reply) for problem in checked.problems)

    def _read(self, text: str) -> dict[str, Any]:
        return read_object(text, self.open, lambda data: len(self._check(data).values), (SOURCES, QUESTIONS))

    def _check(self, data: Mapping[str, Any]) -> Checked:
        cut_off = self.last is not None and self.last.finish == "length"
        return _check_late(self.ask, check_fields(self.model, data, self.open, cut_off=cut_off))

    def _used(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        known = {passage.id for passage in self.ask.brief.passages}
        return tuple(dict.fromkeys(each for each in _texts(data.get(SOURCES)) if each in known))

    def answer(self) -> Answer:
        """Return what was kept, in the order of the template."""
        return Answer(
            values={name: self.values[name] for name in self.wanted},
            sources={name: self.sources[name] for name in self.wanted if self.sources[name]},
            questions=_some(join_questions((), self.questions)),
            usage=self.usage,
        )


def _some(questions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the questions of one answer, as many as a person would read; the last says that there are more."""
    if len(questions) <= _MOST_QUESTIONS:
        return questions
    return (*questions[:_MOST_QUESTIONS], "The author asked many more questions at once: is the wish clear enough?")


def _begin(ask: Ask) -> _Work:
    model = ask.form.model if ask.form else build_model(ask.template, ask.step, [r.title for r in ask.brief.near])
    wanted = tuple(name for name in model.model_fields if not ask.names or name in ask.names)
    work = _Work(ask, model, wanted, tuple(p for p in ask.problems if p.field in wanted))
    work.present = {name: ask.fields[name] for name in wanted if work.problems and name in ask.fields}
    return work


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [" ".join(item.split()) for item in items if isinstance(item, str) and item.strip()]


def _explain(problem: FieldProblem, reply: Reply) -> FieldProblem:
    """Say why a field is missing where the reply as a whole says it."""
    if problem.message == "is missing" and reply.finish == "length":
        return FieldProblem(problem.field, "is missing, because the last reply was cut off: be shorter")
    return problem


def _check_late(ask: Ask, checked: Checked) -> Checked:
    """Let a part that is asked for late pass only with one entry for every step."""
    values, problems = dict(checked.values), list(checked.problems)
    for section, part in late_parts(ask.template, ask.step):
        name = late_name(section, part)
        steps = ask.fields.get(section.name)
        if name not in values or not isinstance(steps, Sequence):
            continue
        numbers = sorted(entry["step"] for entry in values[name])
        wanted = (
            sorted({*numbers} & {*range(1, len(steps) + 1)})
            if part.constraint.optional
            else [*range(1, len(steps) + 1)]
        )
        if numbers != wanted:
            del values[name]
            each = "at most" if part.constraint.optional else "exactly"
            message = f"needs {each} one entry for each of the steps 1 to {len(steps)}, not for {numbers}"
            problems.append(FieldProblem(name, message))
    return Checked(values, tuple(problems))


# Variables of the prompts


def _brief_variables(brief: Brief, template: Template, mark: str) -> dict[str, object]:
    data = brief.as_json()
    request = {name: value for name, value in data["request"].items() if value}
    return {
        "mark": mark,
        "request": request,
        "template_guidance": template.guidance,
        "present": brief.present,
        "neighbours": [_neighbour(each) for each in data["neighbours"]],
        "namesakes": [{"title": n.title, "why": n.why, "announced": not n.path} for n in brief.namesakes],
        "promises": {str(promise): list(promise.artifacts) for promise in brief.promises},
        "untold": brief.untold,
        "roles": list(brief.roles),
        "registers": list(brief.registers),
        "more": len(brief.references) - len(brief.near),
        "listed": True,
        "standards": [standard.shown() for standard in brief.rules],
        "references": [reference.title for reference in brief.near if not reference.announced],
        "announced": [reference.title for reference in brief.near if reference.announced],
        "passages": [passage.shown() for passage in brief.passages],
    }


def _neighbour(data: Mapping[str, Any]) -> dict[str, object]:
    """Return what is known of a neighbour; where it is and that it is defined are of no use to a model."""
    known = {name: value for name, value in data.items() if value and name != "path"}
    if known["status"] == "defined":
        del known["status"]
    outputs = data["outputs"]
    if outputs and not any(output["text"] for output in outputs):
        known["outputs"] = [output["name"] for output in outputs]
    return known


def _wanted(template: Template, step: int, names: Sequence[str]) -> list[dict[str, object]]:
    own = [_section(spec.name, spec) for spec in sections_of_step(template, step)]
    late = [
        {
            **_section(late_name(section, part), part),
            "heading": f"{part.heading} of every step of {section.heading}",
            "limits": _late_limits(part.constraint),
        }
        for section, part in late_parts(template, step)
    ]
    more = [
        {
            **_section(entries_name(section), section),
            "heading": f"More of {section.heading}",
            "limits": ["May be left out: null", "Only what the steps need and has no name yet"],
        }
        for section in late_entries(template, step)
    ]
    wanted = [section for section in own + late + more if section["name"] in names]
    return sorted(wanted, key=lambda section: names.index(section["name"]))


def _section(name: str, spec: SectionSpec) -> dict[str, object]:
    parts = [_section(p.name, p) for p in spec.parts if p.constraint.step in (0, spec.constraint.step)]
    return {
        "name": name,
        "heading": spec.heading,
        "kind": spec.kind,
        "guidance": spec.guidance,
        "limits": _limits(spec.constraint, spec),
        "parts": parts,
    }


def _limits(constraint: Constraint, spec: SectionSpec) -> list[str]:
    limits = ["May be left out: null"] if constraint.optional else []
    if constraint.blocks:
        limits.append(
            f"Below its words, an item may hold blocks of these kinds, in Markdown: {', '.join(constraint.blocks)}"
        )
    if constraint.max_words:
        limits.append(f"At most {constraint.max_words} words")
    if spec.counted:
        if constraint.minimum:
            limits.append(f"At least {constraint.minimum}")
        if constraint.maximum:
            limits.append(f"At most {constraint.maximum}")
        if not constraint.minimum:
            limits.append("May be empty")
    return limits


def _late_limits(constraint: Constraint) -> list[str]:
    """Return the limits of a part that is asked for all steps together."""
    limits = ["One entry for each step that has any" if constraint.optional else "One entry for each step, in order"]
    if constraint.maximum:
        limits.append(f"At most {constraint.maximum} in a step")
    if constraint.maximum_in_all:
        limits.append(f"At most {constraint.maximum_in_all} in all steps together")
    return limits
