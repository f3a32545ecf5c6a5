"""What came back from a model, and which of the fields in it can be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from procauthor.authoring.author import FieldProblem
from procauthor.authoring.brief import Usage
from procauthor.authoring.schema import restrict
from procauthor.errors import ModelOutputError

Finish = Literal["stop", "length", "refusal"]
Form = Literal["schema", "tool", "json", "plain"]

_MAX_COMPLAINTS = 8
_MAX_SHOWN = 80


class UnusableReplyError(ModelOutputError):
    """No usable output after all repairs.

    Attributes:
        raw: The text of the last reply; it is never part of the message.
    """

    def __init__(self, message: str, hint: str = "", raw: str = "") -> None:
        super().__init__(message, hint)
        self.raw = raw


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of a model, and the form in which it was asked for."""

    text: str
    finish: Finish = "stop"
    usage: Usage = Usage()
    form: Form = "schema"
    spelled: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """The fields of a reply that fit, and what is wrong with the others."""

    values: Mapping[str, Any]
    problems: tuple[FieldProblem, ...] = ()


def check_fields(
    model: type[BaseModel], data: Mapping[str, Any], names: Sequence[str], *, cut_off: bool = False
) -> Checked:
    """Validate each named field for itself, so that one bad field does not cost the others.

    What may be left out is left out where it is missing, unless the reply was ``cut_off``.
    """
    whole = {name: data[name] for name in names if name in data}
    if len(whole) == len(model.model_fields):
        # Most replies fit, and to find that out needs no model for each field.
        with suppress(ValidationError):
            found = model.model_validate(whole).model_dump()
            return Checked({name: found[name] for name in names})
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name in names:
        if name not in data:
            if cut_off or model.model_fields[name].is_required():
                problems.append(FieldProblem(name, "is missing"))
            else:
                values[name] = model.model_fields[name].default
            continue
        try:
            values[name] = restrict(model, [name]).model_validate({name: data[name]}).model_dump()[name]
        except ValidationError as error:
            problems.append(FieldProblem(name, _complaints(error)))
    return Checked(values, tuple(problems))


def _complaints(error: ValidationError) -> str:
    details = error.errors(include_url=False)
    told = [_complaint(each) for each in details[:_MAX_COMPLAINTS]]
    if len(details) > _MAX_COMPLAINTS:
        told.append(f"and {len(details) - _MAX_COMPLAINTS} more")
    return "; ".join(dict.fromkeys(told))


def _complaint(detail: ErrorDetails) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"][1:])
    what = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "literal_error":
        # Pydantic would list the whole closed list here.
        what = f"{str(detail['input'])[:_MAX_SHOWN]!r} is not in the closed list"
    return f"{where.lstrip('.')}: {what}" if where else what
