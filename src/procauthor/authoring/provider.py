"""One chat model behind LangChain: asked for JSON in the best form that it has, its failures in our own words."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from procauthor.authoring.client import open_client, refuse_detour
from procauthor.authoring.credential import find_credential, find_server, known_secrets, refuse_leak, require_key
from procauthor.authoring.failure import is_busy, is_passing, model_error, refuses_form, retry_after
from procauthor.authoring.identity import ModelId
from procauthor.authoring.message import estimate, read_message
from procauthor.authoring.reply import Form, Reply
from procauthor.authoring.retry import Gate, Patience, bounded
from procauthor.secret import Censor
from procauthor.settings import AuthoringSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_OPENAI: tuple[Form, ...] = ("schema", "tool", "json", "plain")
_OTHERS: tuple[Form, ...] = ("schema", "plain")
_GRACE = 5.0


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
        schema = json.dumps(self.schema, ensure_ascii=False)
        return estimate(self.system + self.user + self.plain + schema)


@dataclass
class Provider:
    """A chat model that is asked for one JSON object.

    ``forms`` are the ways to ask that are left, the best first; ``certain`` says that the first one has worked.
    ``spelled`` puts the schema into the words too, for a server that takes a form and then ignores it.
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
        return cls(identity, chat, Censor(known_secrets(credential)), settings.timeout, patience, server.url)

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
            ModelError: The provider failed after retries.
        """
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
            try:
                return self._send(request, form)
            except Exception as error:
                # The providers' clients share no base class, so this is the one place that catches all of them.
                refused = isinstance(error, NotImplementedError) or refuses_form(error, certain=self.certain)
                if refused and len(self.forms) > 1:
                    raise _FormRefusedError from error
                busy = is_busy(error)
                if not is_passing(error) or not self.patience.wait(attempt, retry_after(error), everybody=busy):
                    raise model_error(self.id, error, self.censor, self.url) from error
            attempt += 1

    def _send(self, request: Request, form: Form) -> Reply:
        words = request.user
        if self.spelled or form in ("json", "plain") or self._fallen:
            words = f"{request.user}\n{request.plain}"
        messages = [("system", request.system), ("human", words)]
        runnable = self._runnable(request.schema, form)
        raw = bounded(_untraced(lambda: runnable.invoke(messages)), self.timeout + min(_GRACE, self.timeout / 2))
        message = raw["raw"] if isinstance(raw, dict) else raw
        reply = read_message(message, request.tokens)
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
        if asked == "plain":
            return self.chat
        if not self._speaks_openai:
            # A tool call or a native schema: the client knows what its provider does best.
            return self.chat.with_structured_output(dict(schema), include_raw=True)
        if asked == "tool":
            function = {"name": "fields", "description": schema.get("description", ""), "parameters": _bare(schema)}
            return self.chat.bind_tools([{"type": "function", "function": function}], tool_choice="fields")
        form: dict[str, Any] = {"type": "json_object"}
        if asked == "schema":
            form = {"type": "json_schema", "json_schema": {"name": "fields", "schema": _bare(schema), "strict": True}}
        if getattr(self.chat, "use_responses_api", False):
            return self.chat.bind(response_format=form)
        # As a plain argument it would be parsed by the client, which raises on a cut reply and loses its text.
        return self.chat.bind(extra_body={"response_format": form})


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
