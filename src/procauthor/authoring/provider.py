"""One chat model behind LangChain: asked for JSON in the best form that it has, its failures in our own words."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from procauthor.authoring.allowance import Gate, Patience, bounded
from procauthor.authoring.brief import Usage
from procauthor.authoring.deferral import deferred
from procauthor.authoring.failure import (
    LIMITS,
    Size,
    Wire,
    is_busy,
    is_passing,
    model_error,
    refuse_too_long,
    refused_limit,
    refuses_form,
    retry_after,
)
from procauthor.authoring.identity import (
    CONSENT,
    EXTRAS,
    Credential,
    ModelId,
    Server,
    find_credential,
    find_server,
    known_secrets,
    refuse_leak,
    require_key,
    trusts,
)
from procauthor.authoring.reply import Finish, Form, Reply
from procauthor.errors import ConfigError
from procauthor.secret import Censor
from procauthor.settings import AuthoringSettings
from procauthor.system import install_hint, without_collection

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage


_NO_KEY = "not-needed"
_ROOM = 16_384
"""Ollama cuts a prompt silently at its default window; so much is left for the prompt where no window is set."""
_UNUSED = {
    "langsmith.types": "",
    "openai.types": "",
    "openai.types.responses": "",
    "openai._vendor.httpx_aiohttp": "client",
    "langchain_openai": "chat_models.base",
    "langchain_openai.chat_models": "base",
}
"""Packages of which no call of ours needs more than a module: data types, and another client of HTTP beside.

They would be half of what is loaded for a client.
"""
_OPENAI_CLIENTS = frozenset({"openai", "azure_openai", "deepseek", "xai"})


def refuse_detour(server: Server) -> None:
    """Refuse an environment that would send every prompt through a third party.

    Raises:
        ConfigError: It would.
    """
    if not server.url and os.environ.get("LANGSMITH_GATEWAY", "").strip().lower() not in ("", "0", "false"):
        message = "the environment variable LANGSMITH_GATEWAY would send every prompt through another company's server"
        raise ConfigError(message, "unset it, or name the server with base_url")


def open_client(
    identity: ModelId, settings: AuthoringSettings, server: Server, credential: Credential
) -> BaseChatModel:
    """Return the client; nothing is sent. All runs of a batch have the same: to make one takes longer than to use it.

    Raises:
        ConfigError: No such provider, its package is missing, or there is no key.
    """
    return _open_client(identity, settings, server, credential, frozenset(os.environ.items()))


@lru_cache(maxsize=4)
def _open_client(
    identity: ModelId,
    settings: AuthoringSettings,
    server: Server,
    credential: Credential,
    _environment: frozenset[tuple[str, str]],
) -> BaseChatModel:
    hooks = Wire(settings.timeout, trusts, CONSENT).hooks
    with deferred(_UNUSED), without_collection():
        init_chat_model = _load()
        try:
            arguments = _arguments(identity, settings, server, credential) | _hooked(identity.provider, hooks)
            chat: BaseChatModel = init_chat_model(identity.name, model_provider=identity.provider, **arguments)
            _hook_later(chat, hooks)
        except ImportError as error:
            extra = EXTRAS.get(identity.provider)
            package = f'"procauthor[{extra}]"' if extra else f"langchain-{identity.provider.replace('_', '-')}"
            message = f"the package for the provider {identity.provider!r} is not installed"
            raise ConfigError(message, f"pip install {package}") from error
        except Exception as error:
            # The clients raise whatever they like here; the words may hold a key and are left out.
            if "unsupported" in str(error).lower() and "provider" in str(error).lower():
                message = f"unknown provider {identity.provider!r}"
                raise ConfigError(message, f"common ones are {', '.join(sorted(set(EXTRAS.values())))}") from error
            require_key(identity, server, credential)
            message = f"the provider {identity.provider!r} cannot be opened for {str(identity)!r}"
            hint = f"check its settings, and the environment variable {identity.key_name}"
            raise ConfigError(message, hint) from error
    return chat


def _load() -> Callable[..., BaseChatModel]:
    try:
        from langchain.chat_models import init_chat_model
    except ModuleNotFoundError as error:
        message = "a chat model needs LangChain, which is not installed"
        raise ConfigError(message, install_hint()) from error
    return init_chat_model


def _hooked(provider: str, hooks: dict[str, Any]) -> dict[str, Any]:
    """Return what gives a client the hooks of the wire, where it takes them when it is made."""
    if provider in _OPENAI_CLIENTS:
        import openai

        proxy = os.environ.get("OPENAI_PROXY")
        # To read the certificates takes longer than all else, and LangChain makes a second client for other loops. The
        # library that can read them is the one that the clients come from; no package that we ask for is named so.
        library: Any = sys.modules[openai.DefaultHttpxClient.__base__.__module__.partition(".")[0]]
        secure = library.create_ssl_context()
        # The client refuses a proxy of its own beside an HTTP client that is given to it.
        return {
            "http_client": openai.DefaultHttpxClient(event_hooks=hooks, proxy=proxy, verify=secure),
            "http_async_client": openai.DefaultAsyncHttpxClient(proxy=proxy, verify=secure),
            **({"openai_proxy": None} if proxy else {}),
        }
    places = {"ollama": "sync_client_kwargs", "google_genai": "client_args"}
    return {places[provider]: {"event_hooks": hooks}} if provider in places else {}


def _hook_later(chat: BaseChatModel, hooks: dict[str, Any]) -> None:
    """Give Anthropic's client the hooks: LangChain has no parameter for it, and makes the client at first use."""
    if type(chat).__name__ != "ChatAnthropic":
        return
    import anthropic

    proxy = getattr(chat, "anthropic_proxy", None)
    client = anthropic.DefaultHttpxClient(event_hooks=hooks, proxy=proxy)
    made: Any = chat
    made._client = made._client.with_options(http_client=client)  # noqa: SLF001 - there is no other way to it


def window_of(identity: ModelId, settings: AuthoringSettings) -> int:
    """Return how many tokens a call may have in and out, where the settings say it or we set it; else 0."""
    if settings.context_tokens:
        return settings.context_tokens
    return _ROOM + settings.reply_tokens if identity.provider == "ollama" else 0


def _arguments(
    identity: ModelId, settings: AuthoringSettings, server: Server, credential: Credential
) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if server.url:
        arguments["base_url"] = server.url
    if settings.temperature is not None:
        arguments["temperature"] = settings.temperature
    if identity.provider == "ollama":
        window = {"num_predict": settings.reply_tokens, "num_ctx": window_of(identity, settings)}
        headers = {"headers": {"Authorization": f"Bearer {credential.value}"}} if credential.value else {}
        return {**arguments, **window, "client_kwargs": {"timeout": settings.timeout, **headers}}
    if identity.provider == "openai":
        # Without a value the client raises by itself, in its own words.
        arguments["api_key"] = credential.value or _NO_KEY
    elif identity.known and credential.value:
        arguments["api_key"] = credential.value
    # Trying again is our own business. Google's client counts attempts, the others what follows the first.
    retries = 1 if identity.provider == "google_genai" else 0
    return {**arguments, "timeout": settings.timeout, "max_retries": retries, "max_tokens": settings.reply_tokens}


_LENGTH = frozenset({"length", "max_tokens", "max_output_tokens", "incomplete", "model_context_window_exceeded"})
_REFUSAL = frozenset({"refusal", "content_filter", "safety", "prohibited_content", "blocklist", "recitation", "spii"})
_LONGEST = 400_000
"""More characters than this are no fields of a procedure; what follows is left unread."""
_ABSURD = 100_000_000
"""No model reads or writes so many tokens in one call."""


def estimate(text: str) -> int:
    """Return about how many tokens a text has, rounded up."""
    return -(-len(text) // 4)


def read_message(message: AIMessage, asked: int) -> Reply:
    """Return a reply. ``asked`` is the estimate of its input: a server that counts less is not believed."""
    text = _text(message)
    refusal = message.additional_kwargs.get("refusal") or _block_refusal(message)
    finish: Finish = "refusal" if refusal else _finish(message.response_metadata)
    if len(text) > _LONGEST:
        text, finish = text[:_LONGEST], "length"
    return Reply(text or str(refusal or ""), finish, _usage(message, asked, text))


def _text(message: AIMessage) -> str:
    """Return the arguments of all calls of a tool together, or else the words."""
    arguments: dict[str, Any] = {}
    for call in message.tool_calls:
        arguments |= call["args"] or {}
    calls = [json.dumps(arguments, ensure_ascii=False)] if arguments else []
    calls += [str(broken["args"]) for broken in message.invalid_tool_calls if broken["args"]]
    return "\n".join(calls) or str(message.text)


def _block_refusal(message: AIMessage) -> str:
    blocks = message.content if isinstance(message.content, list) else []
    texts = [str(b.get("refusal", "")) for b in blocks if isinstance(b, dict) and b.get("type") == "refusal"]
    return " ".join(texts)


def _finish(metadata: Mapping[str, Any]) -> Finish:
    incomplete = metadata.get("incomplete_details") or {}
    reasons = [metadata.get(name) for name in ("finish_reason", "stop_reason", "done_reason")]
    reasons.append(incomplete.get("reason") if isinstance(incomplete, dict) else None)
    known = {str(reason).rsplit(".", 1)[-1].lower() for reason in reasons if reason}
    kind: Literal["length", "refusal", "stop"] = "stop"
    if known & _LENGTH:
        kind = "length"
    elif known & _REFUSAL:
        kind = "refusal"
    return kind


def _usage(message: AIMessage, asked: int, text: str) -> Usage:
    counted: Mapping[str, Any] = message.usage_metadata or {}
    return Usage(
        1, _believed(counted.get("input_tokens"), asked), _believed(counted.get("output_tokens"), estimate(text))
    )


def _believed(counted: object, own: int) -> int:
    """Return the larger of a server's count and our own: with a count that is too low, a ceiling would not hold."""
    return max(counted, own) if type(counted) is int and counted <= _ABSURD else own


# vLLM, OpenRouter, Mistral and LM Studio, Groq, llama.cpp: each has its own name for it.
_NAMES = ("max_model_len", "context_length", "max_context_length", "context_window", "n_ctx")


def read_window(listed: object, name: str) -> int:
    """Return the context window of a model in tokens from what ``/v1/models`` lists; 0 where it is not said.

    Args:
        listed: The list, as it came from the server.
        name: The model. A server that lists one model only means that one.
    """
    entries = listed.get("data") if isinstance(listed, Mapping) else None
    models = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
    named = [entry for entry in models if entry.get("id") == name] or (models if len(models) == 1 else [])
    return max(map(_window, named), default=0)


def _window(model: Mapping[str, Any]) -> int:
    meta = model.get("meta")
    parts = [model, meta] if isinstance(meta, Mapping) else [model]
    sizes = [part[name] for part, name in product(parts, _NAMES) if type(part.get(name)) is int]
    return max(min(sizes, default=0), 0)


_OPENAI: tuple[Form, ...] = ("schema", "tool", "json", "plain")
_OTHERS: tuple[Form, ...] = ("schema", "plain")
_GRACE = 5.0
_LISTING = 5.0
"""So many seconds may a server take to list its models."""


@dataclass(frozen=True)
class Request:
    """One call. ``plain`` is what is under the words where a provider does not take the schema by itself."""

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
    the context window in tokens, 0 where it is not said, and None before the server was asked. ``limit`` is the name
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
