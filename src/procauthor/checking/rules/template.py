"""The library's own templates: what cannot be used as it is written, and what they leave unsaid."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.scope import Reach, Rule, Scope, say_line
from procauthor.errors import TemplateError
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.template.read import read_template
from procauthor.template.spec import Template

TEMPLATE_MISTAKE = Rule(
    name="template-mistake",
    code="M101",
    severity="warning",
    summary="Something in a template is passed over, because it cannot be used as it is written.",
    why="A bound that is misspelt bounds nothing, and nobody notices.",
    fix="Correct the line; the hint names what was probably meant.",
    example="mni: 3, in a comment of a template",
)
TEMPLATE_ROLE_MISSING = Rule(
    name="template-role-missing",
    code="M102",
    severity="info",
    summary="No section of a template for procedures has a role that checks rest on.",
    why="Without the role, contracts and steps of its documents are not understood, and not checked.",
    fix="Say in the comment of a section what it means, for example `role: inputs`, or turn the rule off.",
    example="a template whose required inputs are under “Before you begin”, without `role: inputs`",
)
RULES = (TEMPLATE_MISTAKE, TEMPLATE_ROLE_MISSING)
REACH: Reach = "document"

_ROLES = ("inputs", "workflow", "outputs", "exits")
_PARTS = ("inputs", "outputs")


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    used = set(scope.settings.templates.values())
    for document in scope.subjects:
        stem = document.path.removeprefix("templates/").removesuffix(".md")
        if document.kind != "template" or "/" in stem or not (stem in used or "template" in document.field_lines):
            continue
        try:
            template = read_template(stem, document.source.raw)
        except TemplateError as error:
            yield say_line(TEMPLATE_MISTAKE, document, 1, error.message, error.hint)
            continue
        yield from _mistakes(document, template)
        if template.kind == "procedure":
            yield from _roles(document, template)


def _mistakes(document: Procedure, template: Template) -> Iterator[Finding]:
    for mistake in template.mistakes:
        yield say_line(TEMPLATE_MISTAKE, document, mistake.line, mistake.message, mistake.hint)


def _roles(document: Procedure, template: Template) -> Iterator[Finding]:
    missing = [role for role in _ROLES if template.of_role(role) is None]
    if missing:
        message = f"no section has the role {_listed(missing)}, so what they hold is not checked"
        hint = f"write 'role: {missing[0]}' into the comment of the section that holds it"
        yield say_line(TEMPLATE_ROLE_MISSING, document, document.title_line, message, hint)
    workflow = template.of_role("workflow")
    parts = [role for role in _PARTS if workflow and all(part.role != role for part in workflow.parts)]
    if workflow and workflow.kind == "steps" and parts:
        message = f"no part of a step has the role {_listed(parts)}, so the flow between steps is not checked"
        hint = f"write 'role: {parts[0]}' into a comment below the label of the part that holds it"
        yield say_line(TEMPLATE_ROLE_MISSING, document, document.title_line, message, hint)


def _listed(roles: list[str]) -> str:
    return " or ".join(map(repr, roles))
