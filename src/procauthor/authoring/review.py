"""A second model reads a draft once; its remarks go back to the author as problems, for one more round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from procauthor.authoring.allowance import Spend, at_once
from procauthor.authoring.answer import read_object
from procauthor.authoring.author import Critique, FieldProblem
from procauthor.authoring.brief import Brief
from procauthor.authoring.chat import brief_words, check_room
from procauthor.authoring.memory import CallLog, call_key
from procauthor.authoring.provider import Provider, Request
from procauthor.authoring.reply import Reply
from procauthor.prompt import PromptLibrary
from procauthor.settings import AuthoringSettings
from procauthor.template.spec import Template

_STEP = 8
_FIELDS = ("review",)
_ATTEMPTS = 2
_MOST = 8
_LONGEST = 600


@dataclass
class Reviewer:
    """Reads a draft with a chat model."""

    provider: Provider
    settings: AuthoringSettings
    prompts: PromptLibrary
    calls: CallLog
    spend: Spend = at_once

    @classmethod
    def open(
        cls, model: str, settings: AuthoringSettings, prompts: PromptLibrary, calls: CallLog, spend: Spend = at_once
    ) -> Reviewer:
        """Open the model ``provider:name``; nothing is sent yet.

        Raises:
            ConfigError: The id is malformed, the provider unknown, its package or its key missing.
        """
        return cls(Provider.open(model, settings), settings, prompts, calls, spend)

    def review(self, brief: Brief, template: Template, fields: Mapping[str, Any], budget: int | None) -> Critique:
        """Return remarks on the fields of a draft.

        Raises:
            ModelError: The provider failed after retries.
            BudgetError: The next call could pass the run's ceiling.
        """
        request = self._request(brief, template, fields)
        for attempt in range(_ATTEMPTS):
            reply = self._call(request, attempt, budget)
            data = read_object(reply.text, ["remarks"]) if reply.finish != "refusal" else {}
            if isinstance(data.get("remarks"), list):
                return Critique(tuple(_remarks(data["remarks"], fields)))
        return Critique(question=f"The reviewer {self.provider.id} gave no usable reply: who else reads this draft?")

    def _request(self, brief: Brief, template: Template, fields: Mapping[str, Any]) -> Request:
        words, mark = brief_words(self.prompts, brief, template)
        schema = _schema(list(fields))
        told = {"mark": mark, "fields": list(fields), "document": fields}
        critique = self.prompts.render("review/critique", told)
        plain = self.prompts.render("plain", {"schema": schema})
        return Request(self.prompts.render("system", {}), f"{words}\n{critique}", schema, plain)

    def _call(self, request: Request, attempt: int, budget: int | None) -> Reply:
        key = call_key(str(self.provider.id), (request.system, request.user, request.plain), request.schema, attempt)
        known = self.calls.find(key, step=_STEP, fields=_FIELDS)
        if known is not None:
            return known
        check_room(request, self.settings.reply_tokens, budget)

        def pay() -> Reply:
            return self.calls.keep(key, self.provider.ask(request), step=_STEP, fields=_FIELDS)

        return self.spend(request.tokens + self.settings.reply_tokens, pay)


def _schema(names: Sequence[str]) -> dict[str, Any]:
    remark = {
        "type": "object",
        "properties": {
            "fields": {"type": "array", "items": {"type": "string", "enum": list(names)}},
            "remark": {"type": "string"},
        },
        "required": ["fields", "remark"],
        "additionalProperties": False,
    }
    return {
        "title": "remarks",
        "description": "Remarks of a reviewer on the fields of a draft.",
        "type": "object",
        "properties": {"remarks": {"type": "array", "items": remark}},
        "required": ["remarks"],
        "additionalProperties": False,
    }


def _remarks(told: Sequence[object], fields: Mapping[str, Any]) -> list[FieldProblem]:
    remarks: list[FieldProblem] = []
    for each in list(told)[:_MOST]:
        names = each.get("fields") if isinstance(each, dict) else ()
        text = " ".join(str(each.get("remark") or "").split()) if isinstance(each, dict) else ""
        if text and isinstance(names, list):
            problems = [FieldProblem(name, f"a reviewer says: {text[:_LONGEST]}") for name in fields if name in names]
            remarks += problems
    return remarks
