"""One chat model behind LangChain: asked for JSON in the best form that it has, its failures in our own words."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from procauthor.authoring.client import open_client, refuse_detour, window_of
from procauthor.authoring.credential import find_credential, find_server, known_secrets, refuse_leak, require_key
from procauthor.authoring.failure import (
    LIMITS,
    Size,
    is_busy,
    is_passing,
    model_error,
    refuse_too_long,
    refused_limit,
    refuses_form,
    retry_after,
)
from procauthor.authoring.identity import ModelId
from procauthor.authoring.message import estimate, read_message
from procauthor.authoring.reply import Form, Reply
from procauthor.authoring.retry import Gate, Patience, bounded
from procauthor.authoring.window import read_window
from procauthor.secret import Censor
from procauthor.settings import AuthoringSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_OPENAI: tuple[Form, ...] = ("schema", "tool", "json", "plain")
_OTHERS: tuple[Form, ...] = ("schema", "plain")
_GRACE = 5.0
_LISTING = 5.0
"""So many seconds may a server take to list its models."""


@dataclass(frozen=True)
class Request:
    """One call. ``plain`` is what stands under the words where a provider does not take the schema by itself."""

    system: str
    user: str
    schema: Mapping[str, Any]
    plain: str

    @cached_property
    def tokens(self) -> int:
        """An estimate of the input: four characters a token, and the schema twice if it has to be in the words too."""
        return self.sent(self.plain)

    def sent(self, plain: str = "") -> int:
        """Return the estimate without those words, or with other ones instead of them."""
        schema = json.dumps(self.schema, ensure_ascii=False)
        return estimate(self.system + self.user + plain + schema)


@dataclass
class Provider:
    """A chat model that is asked for one JSON object.

    ``forms`` are the ways to ask that are left, the best first; ``certain`` says that the first one has worked.
    ``spelled`` puts the schema into the words too, for a server that takes a form and then ignores it. ``window`` is
    the context window in tokens, 0 where nobody says it, and None before the server was asked. ``limit`` is the name
    that the server wants for the longest reply, where it refused the client's.
    """

    id: ModelId
    chat: BaseChatModel
    censor: Censor = field(default_factory=lambda: Censor(()), repr=False)
    timeout: float = 120.0
    patience: Patience = field(default_factory=lambda: Patience(0), repr=False)
    url: str = ""
    forms: tuple[Form, ...] = ()
    certain: bool = False
    spelled: bool = False
    reply_tokens: int = 0
    window: int | None = 0
    limit: str = ""
    _refused: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """Choose the forms that this kind of client has."""
        self.forms = self.forms or (_OPENAI if self._speaks_openai else _OTHERS)

    @classmethod
    def open(cls, model: str, settings: AuthoringSettings, gate: Gate | None = None) -> Provider:
        """Create the client; nothing is sent. ``gate`` is shared by all who ask the same server.

        Raises:
            ConfigError: No such provider, its package is missing, there is no key, or the settings would leak it.
        """
        identity = ModelId.parse(model)
        server, credential = find_server(identity, settings.base_url), find_credential(identity)
        refuse_detour(server)
        refuse_leak(identity, server, credential)
        chat = open_client(identity, settings, server, credential)
        require_key(identity, server, credential)
        patience = Patience(settings.retries, gate=gate)
        window = window_of(identity, settings) or (None if server.url else 0)
        return cls(
            identity,
            chat,
            Censor(known_secrets(credential)),
            settings.timeout,
            patience,
            server.url,
            reply_tokens=settings.reply_tokens,
            window=window,
        )

    @property
    def form(self) -> Form:
        """The form in which replies are asked for."""
        return self.forms[0]

    def settle(self, form: Form, *, spelled: bool) -> None:
        """Go on with a form that has worked before, in another process."""
        if form in self.forms:
            self.forms = self.forms[self.forms.index(form) :]
            self.certain, self.spelled = True, spelled

    def ask(self, request: Request) -> Reply:
        """Make one call. A form that the server refuses is never tried again.

        Raises:
            ModelError: The provider failed after retries, or the call cannot fit its context window.
        """
        if self.window is None:
            self.window = self._ask_window()
        refuse_too_long(self.id, self._size(request), self.window)
        while True:
            form = self.form
            try:
                reply = self._try(request, form)
            except _FormRefusedError:
                with self._lock:
                    # Another call may have been refused at the same time.
                    if self.form == form:
                        self.forms = self.forms[1:]
                continue
            self.certain = True
            return replace(reply, form=form, spelled=self.spelled)

    def _try(self, request: Request, form: Form) -> Reply:
        """Make the call in a form, again and again while the failure may pass."""
        attempt = 0
        while True:
            self.patience.gate.pass_through()
            limit = self.limit
            try:
                return self._send(request, form)
            except Exception as error:
                # The providers' clients share no base class, so this is the one place that catches all of them.
                refused = isinstance(error, NotImplementedError) or refuses_form(error, certain=self.certain)
                if refused and len(self.forms) > 1:
                    raise _FormRefusedError from error
                if self._turn(limit, refused_limit(error)):
                    continue
                busy = is_busy(error)
                if not is_passing(error) or not self.patience.wait(attempt, retry_after(error), everybody=busy):
                    raise model_error(self.id, error, self.censor, self.url, self._size(request)) from error
            attempt += 1

    def _turn(self, sent: str, refused: str) -> bool:
        """Name the longest reply otherwise, where a server refused its name; say whether to ask again.

        ``sent`` is the limit under which the refused request was made: another call may have turned it meanwhile.
        """
        if not refused or not self._speaks_openai:
            return False
        with self._lock:
            if self.limit == sent:
                self._refused.add(refused)
                self.limit = LIMITS[refused]
            return self.limit not in self._refused

    def _size(self, request: Request) -> Size:
        return Size(request.sent(request.plain if self._spells(self.form) else ""), self.reply_tokens)

    def _ask_window(self) -> int:
        """Ask a server for its context window; not every server has an answer, and none has to."""
        client = getattr(self.chat, "root_client", None)
        if client is None:
            return 0
        seconds = min(_LISTING, self.timeout)
        once = client.with_options(timeout=seconds, max_retries=0)
        try:
            return read_window(bounded(lambda: once.get("/models", cast_to=object), seconds), self.id.name)
        except Exception:  # noqa: BLE001 - the call itself will tell what is wrong with the server
            return 0

    def _spells(self, form: Form) -> bool:
        return self.spelled or form in ("json", "plain") or self._fallen

    def _send(self, request: Request, form: Form) -> Reply:
        plain = request.plain if self._spells(form) else ""
        words = f"{request.user}\n{plain}" if plain else request.user
        messages = [("system", request.system), ("human", words)]
        runnable = self._runnable(request.schema, form)
        raw = bounded(_untraced(lambda: runnable.invoke(messages)), self.timeout + min(_GRACE, self.timeout / 2))
        message = raw["raw"] if isinstance(raw, dict) else raw
        reply = read_message(message, request.sent(plain))
        # A server may repeat the key. All that is kept or shown of a reply comes through here.
        return replace(reply, text=self.censor.reply(reply.text))

    @property
    def _fallen(self) -> bool:
        """Whether the best form was refused: a lesser one may be taken and then ignored."""
        return len(self.forms) < len(_OPENAI if self._speaks_openai else _OTHERS)

    @property
    def _speaks_openai(self) -> bool:
        return any(parent.__name__ == "BaseChatOpenAI" for parent in type(self.chat).__mro__)

    def _runnable(self, schema: Mapping[str, Any], asked: Form) -> Any:
        if not self._speaks_openai:
            # A tool call or a native schema: the client knows what its provider does best.
            structured = asked != "plain"
            return self.chat.with_structured_output(dict(schema), include_raw=True) if structured else self.chat
        chat, extra = self._limited()
        if asked == "tool":
            function = {"name": "fields", "description": schema.get("description", ""), "parameters": _bare(schema)}
            return chat.bind_tools([{"type": "function", "function": function}], tool_choice="fields", **extra)
        form: dict[str, Any] = {"type": "json_object"}
        if asked == "schema":
            form = {"type": "json_schema", "json_schema": {"name": "fields", "schema": _bare(schema), "strict": True}}
        if asked == "plain":
            return chat.bind(**extra)
        if getattr(chat, "use_responses_api", False):
            return chat.bind(response_format=form)
        # As a plain argument it would be parsed by the client, which raises on a cut reply and loses its text.
        return chat.bind(extra_body={**extra.get("extra_body", {}), "response_format": form})

    def _limited(self) -> tuple[Any, dict[str, Any]]:
        """Return the client, and what bounds its replies under the name that the server wants."""
        if not self.limit:
            return self.chat, {}
        return self.chat.model_copy(update={"max_tokens": None}), {"extra_body": {self.limit: self.reply_tokens}}


class _FormRefusedError(Exception):
    """The server does not take the form; never leaves this module."""


def _untraced(call: Callable[[], Any]) -> Callable[[], Any]:
    """Return the call with tracing off: switched on in the environment, it would send the library to a third party."""

    def run() -> Any:
        from langsmith import tracing_context

        with tracing_context(enabled=False):
            return call()

    return run


def _bare(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "description")}
