"""Says in the words of tools what the library says in those of its command line."""

from __future__ import annotations

from procauthor.regex import lazy

# What a client calls where a person types a command; all other commands are for a person.
_TOOLS = {
    "brief": "get_brief",
    "submit": "propose_draft",
    "update": "get_update_targets and propose_update",
    "check": "check",
    "explain": "explain",
    "search": "search",
    "plan": "plan",
    "drafts": "list_drafts",
    "diff": "diff",
    "follow": "follow",
}
_ARGUMENT = r""" "[^"]*"| '[^']*'| --run [\w.-]+| --?[\w-]+| [A-Z|-]+\b| \.\.\.|, then --answer FILE"""
_COMMAND = lazy(rf"procauthor ({'|'.join(_TOOLS)})\b(?:{_ARGUMENT})*")
_FLAG = lazy(r"(?<![\w-])--([a-z][a-z-]*)")


def in_words_of_tools(text: str) -> str:
    """Return a message or a hint in which tools and their parameters replace commands and their options."""
    text = _COMMAND.sub(lambda match: f"the tool {_TOOLS[match[1]]}{_named(match[0])}", text)
    return _FLAG.sub(lambda match: f"the parameter {_parameter(match[1])}", text)


def _named(command: str) -> str:
    """Return the parameters that replace the options of a command."""
    names = [_parameter(name) for name in _FLAG.findall(command) if name in _PARAMETERS]
    return f" (with {', '.join(names)})" if names else ""


def _parameter(name: str) -> str:
    return repr(name.replace("-", "_"))


_PARAMETERS = ("lifecycle", "phase", "depends-on", "run", "title", "by")
