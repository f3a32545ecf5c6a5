"""Commands that the trade knows: they are looked up in a manual, and are no question to a team."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from procauthor.regex import lazy

_LONGEST = 500
# Programs whose first word is a command of their own. What a team names itself ("npm run build") is not among them.
_COMMANDS = {
    "git": "add blame branch checkout cherry-pick clone commit diff fetch log merge pull push rebase reset restore "
    "revert shortlog show stash status switch tag",
    "npm": "audit ci install ls outdated pack publish update version",
    "pip": "check freeze install list show",
    "uv": "build lock sync",
    "cargo": "audit build clippy fmt test",
    "go": "build test vet",
    "gh": "auth issue pr release repo run",
    "docker": "build images inspect logs ps pull push tag",
    "kubectl": "describe drain get logs rollout",
    "helm": "history list rollback status upgrade",
    "terraform": "apply destroy fmt init plan validate",
    "openssl": "dgst enc pkey req s_client verify x509",
    "certbot": "certificates renew",
    "systemctl": "list-timers list-units reload restart start status stop",
}
# Programs that take options and things to look at, and no command of their own.
_PROGRAMS = (
    "cat chmod cp curl date dig diff du df echo export file find grep head host jq journalctl less ls mkdir mv "
    "nslookup ping ps sed sha256sum sort tail tar test top traceroute uniq wc whoami whois xargs"
)
# Fields of mail and of HTTP that standards define (RFC 5322, RFC 8601, RFC 9110 and those beside them).
_HEADERS = (
    "accept accept-language age allow arc-authentication-results authentication-results authorization bcc "
    "cache-control cc content-disposition content-encoding content-language content-length content-security-policy "
    "content-type cookie date deprecation dkim-signature etag expires from host idempotency-key if-match "
    "if-modified-since if-none-match last-modified link list-unsubscribe location message-id origin received "
    "received-spf referer reply-to retry-after return-path sender server set-cookie strict-transport-security subject "
    "sunset to traceparent user-agent vary via www-authenticate"
)
# What the words behind a command may be: a part of the command, or a thing that every repository or cluster has.
_WORDS = (
    "HEAD main origin origin/main create edit list merge review view close history status undo restart events nodes "
    "pods deployments services"
)
_FILTERS = frozenset({"head", "tail", "sort", "uniq", "wc", "less"})
_REDIRECTION = lazy(r"\d?[<>]{1,2}(?:/dev/null|&\d)")
_QUERY = lazy(r"\+[a-z]+|A|AAAA|CNAME|MX|NS|TXT|SOA|CAA")
_OPTION = lazy(r"-\d{1,3}|--?[A-Za-z][\w-]*(?:=(?P<value>.*))?", re.DOTALL)
_HOLE = lazy(
    r"<[\w -]+>|(?:_[a-z]+\.)?\$\{?\w+\}?|\$\{?\w+\}?|\$?[A-Z][A-Z_]+(?::\d{2,5}|\.[a-z]{1,5})?|(?:\.[A-Za-z]+)+"
)
_FORMAT = lazy(r"[%{}.:\s\w-]*%[%{}.:\s\w-]*")


def is_public(command: str) -> bool:
    """Say whether a command holds nothing but a widely used program, its options, and places for what is filled in."""
    try:
        words = shlex.split(command) if len(command) <= _LONGEST else []
    except ValueError:
        return False
    parts = [each for each in _parts(words) if each]
    return bool(parts) and all(_runs_known(each, first=place == 0) for place, each in enumerate(parts))


def _runs_known(words: Sequence[str], *, first: bool) -> bool:
    """Say whether one program of a line is known, with all that is behind it; a filter may have options alone."""
    program, *more = words
    if more and more[0] in _COMMANDS.get(program, "").split():
        return all(map(_is_known, more[1:]))
    alone = not first and program in _FILTERS
    return program in _PROGRAMS.split() and (bool(more) or alone) and all(map(_is_known, more))


def is_header(name: str) -> bool:
    """Say whether a name is that of a field which a standard of mail or HTTP defines."""
    return name.rstrip(":").casefold() in _HEADERS.split()


def _parts(words: Sequence[str]) -> list[list[str]]:
    """Return the words of each program of a line, without what only says where its text comes from and goes to."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word in ("|", "&&", "||"):
            parts.append([])
        elif not _REDIRECTION.fullmatch(word):
            parts[-1].append(word)
    return parts


def _is_known(word: str) -> bool:
    option = _OPTION.fullmatch(word)
    if option:
        return not option["value"] or _is_filled_in(option["value"])
    return word in _WORDS.split() or bool(_QUERY.fullmatch(word)) or _is_filled_in(word)


def _is_filled_in(word: str) -> bool:
    return bool(_HOLE.fullmatch(word) or (_FORMAT.fullmatch(word) and not re.search(r"\d", word)))
