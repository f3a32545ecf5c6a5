"""One chat model behind LangChain: opened with bounds, asked for JSON, its failures in our own words."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from procauthor.authoring.brief import Usage
from procauthor.authoring.reply import Finish, Reply
from procauthor.errors import ConfigError, ModelError
from procauthor.settings import AuthoringSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

_ALIASES = {"google": "google_genai"}
_EXTRAS = {"openai": "openai", "anthropic": "anthropic", "google_genai": "google", "ollama": "ollama"}
_KEYS = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google_genai": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistralai": ("MISTRAL_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
}
_NO_KEY = "not-needed"
_CONTEXT = 16_384
"""Ollama cuts a prompt silently at its default context; this is what is left for the prompt."""
_LENGTH = frozenset({"length", "max_tokens", "max_output_tokens", "incomplete"})
_REFUSAL = frozenset({"refusal", "content_filter", "safety", "prohibited_content"})
_SECRET = re.compile(r"(?:\b(?:sk|pk|key|lsv2|gsk|xai)[-_]|\bAIza|\bBearer\s+)[\w.*-]{6,}", re.IGNORECASE)
_MAX_DETAIL = 200
_BAD_REQUEST = frozenset({400, 422})
_REFUSED_KEY = frozenset({401, 403})
_TOO_MANY = 429
_SERVER = 500
_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``plain`` is what stands under the words where a provider takes no schema."""

    system: str
    user: str
    schema: Mapping[str, Any]
    plain: str

    @property
    def tokens(self) -> int:
        """An estimate of the input: four characters a token."""
        return estimate(self.system + self.user + json.dumps(self.schema, ensure_ascii=False))


def estimate(text: str) -> int:
    """Return about how many tokens a text has, rounded up."""
    return -(-len(text) // 4)


@dataclass(frozen=True, slots=True)
class ModelId:
    """``provider:name``."""

    provider: str
    name: str

    @classmethod
    def parse(cls, text: str) -> ModelId:
        """Read a model id.

        Raises:
            ConfigError: It is not of the form ``provider:name``.
        """
        provider, _, name = text.strip().partition(":")
        provider = provider.strip().lower().replace("-", "_")
        if not provider or not name.strip():
            message = f"{text!r} is no model id"
            raise ConfigError(message, 'write "provider:name", for example "openai:gpt-5.2", or "offline"')
        return cls(_ALIASES.get(provider, provider), name.strip())

    def __str__(self) -> str:
        """Return the id as users write it."""
        return f"{self.provider}:{self.name}"

    @property
    def key_name(self) -> str:
        """The environment variable that holds the provider's key."""
        return _KEYS.get(self.provider, (f"{self.provider.upper()}_API_KEY",))[0]


@dataclass
class Provider:
    """A chat model that is asked for one JSON object."""

    id: ModelId
    chat: BaseChatModel
    secrets: tuple[str, ...] = field(default=(), repr=False)
    structured: bool = True

    @classmethod
    def open(cls, model: str, settings: AuthoringSettings) -> Provider:
        """Create the client; nothing is sent.

        Raises:
            ConfigError: No such provider, its package is missing, or there is no key.
        """
        identity = ModelId.parse(model)
        base_url = _base_url(identity, settings)
        _refuse_detour(base_url)
        chat = _create(identity, _arguments(identity, settings, base_url))
        _require_key(identity, base_url)
        secrets = tuple(value for name, value in os.environ.items() if re.search("KEY|TOKEN|SECRET", name) and value)
        return cls(identity, chat, secrets)

    def ask(self, request: Request) -> Reply:
        """Make one call. A provider that takes no schema is asked in plain words, now and from then on.

        Raises:
            ModelError: The provider failed after the client's retries.
        """
        if self.structured:
            try:
                return self._send(request, structured=True)
            except _SchemaRefused:
                reply = self._send(request, structured=False)
                self.structured = False
                return reply
        return self._send(request, structured=False)

    def _send(self, request: Request, *, structured: bool) -> Reply:
        from langsmith import tracing_context

        user = request.user if structured else f"{request.user}\n{request.plain}"
        messages = [("system", request.system), ("human", user)]
        # Tracing that is switched on in the environment would send the library's text to a third party.
        with tracing_context(enabled=False), self._own_errors(schema=structured):
            raw = self._runnable(request.schema, structured=structured).invoke(messages)
        message = raw["raw"] if isinstance(raw, dict) else raw
        return _read(message, request)

    def _runnable(self, schema: Mapping[str, Any], *, structured: bool) -> Any:
        if not structured:
            return self.chat
        if not any(parent.__name__ == "BaseChatOpenAI" for parent in type(self.chat).__mro__):
            return self.chat.with_structured_output(dict(schema), include_raw=True)
        form = {"type": "json_schema", "json_schema": {"name": "fields", "schema": _bare(schema), "strict": True}}
        if getattr(self.chat, "use_responses_api", False):
            return self.chat.bind(response_format=form)
        # As a plain argument it would be parsed by the client, which raises on a cut reply and loses its text.
        return self.chat.bind(extra_body={"response_format": form})

    @contextmanager
    def _own_errors(self, *, schema: bool) -> Iterator[None]:
        try:
            yield
        except NotImplementedError as error:
            if not schema:
                raise self._model_error(error) from error
            raise _SchemaRefused from error
        except Exception as error:
            # The providers' clients share no base class, so this is the one place that catches all of them.
            if schema and _status(error) in _BAD_REQUEST:
                raise _SchemaRefused from error
            raise self._model_error(error) from error

    def _model_error(self, error: Exception) -> ModelError:
        status = _status(error)
        if status in _REFUSED_KEY:
            message = f"{self.id.provider} refused the key for {str(self.id)!r} (HTTP {status})"
            return ModelError(message, f"check the environment variable {self.id.key_name}")
        what, hint = _what(error, status)
        detail = self._clean(str(error)) if status is None or (status < _SERVER and status != _TOO_MANY) else ""
        message = f"{self.id.provider} failed for {str(self.id)!r}: {what}"
        return ModelError(f"{message}: {detail}" if detail and not _is_transport(error) else message, hint)

    def _clean(self, text: str) -> str:
        """Return a server's words without keys, short, on one line."""
        for secret in self.secrets:
            if len(secret) >= 6:  # noqa: PLR2004 - shorter values are no keys, and would tear words apart
                text = text.replace(secret, "***")
        text = " ".join(_SECRET.sub("***", text).split())
        return text if len(text) <= _MAX_DETAIL else f"{text[:_MAX_DETAIL]}..."


class _SchemaRefused(Exception):  # noqa: N818 - never leaves this module
    """The server takes no schema; the caller asks in plain words."""


# Opening


def _base_url(identity: ModelId, settings: AuthoringSettings) -> str:
    if settings.base_url or identity.provider != "openai":
        return settings.base_url
    return os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE") or ""


def _refuse_detour(base_url: str) -> None:
    if not base_url and os.environ.get("LANGSMITH_GATEWAY", "").strip().lower() not in ("", "0", "false"):
        message = "the environment variable LANGSMITH_GATEWAY would send every prompt through another company's server"
        raise ConfigError(message, "unset it, or name the server with base_url")


def _arguments(identity: ModelId, settings: AuthoringSettings, base_url: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if base_url:
        found["base_url"] = base_url
    if settings.temperature is not None:
        found["temperature"] = settings.temperature
    if identity.provider == "ollama":
        window = {"num_predict": settings.reply_tokens, "num_ctx": _CONTEXT + settings.reply_tokens}
        return {**found, **window, "client_kwargs": {"timeout": settings.timeout}}
    if identity.provider == "openai":
        # Without a value the client raises by itself, in its own words.
        found["api_key"] = os.environ.get("OPENAI_API_KEY") or _NO_KEY
    # Google's client counts attempts, the others what follows the first.
    retries = settings.retries + (1 if identity.provider == "google_genai" else 0)
    bounds = {"timeout": settings.timeout, "max_retries": retries, "max_tokens": settings.reply_tokens}
    return {**found, **bounds}


def _create(identity: ModelId, arguments: dict[str, Any]) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        chat: BaseChatModel = init_chat_model(identity.name, model_provider=identity.provider, **arguments)
    except ImportError as error:
        extra = _EXTRAS.get(identity.provider)
        package = f'"procauthor[{extra}]"' if extra else f"langchain-{identity.provider.replace('_', '-')}"
        message = f"the package for the provider {identity.provider!r} is not installed"
        raise ConfigError(message, f"pip install {package}") from error
    except Exception as error:
        # Here too the clients raise whatever they like; the words may hold a key and are left out.
        if "unsupported" in str(error).lower() and "provider" in str(error).lower():
            message = f"unknown provider {identity.provider!r}"
            raise ConfigError(message, f"common ones are {', '.join(sorted(_EXTRAS))}") from error
        _require_key(identity, str(arguments.get("base_url", "")))
        message = f"the provider {identity.provider!r} cannot be opened for {str(identity)!r}"
        raise ConfigError(message, f"check its settings, and the environment variable {identity.key_name}") from error
    return chat


def _require_key(identity: ModelId, base_url: str) -> None:
    names = _KEYS.get(identity.provider, ())
    if not names or any(os.environ.get(name) for name in names):
        return
    if base_url and identity.provider == "openai":
        return
    message = f"there is no key for {str(identity)!r}"
    raise ConfigError(message, f"set the environment variable {names[0]}")


# Failures


def _status(error: BaseException) -> int | None:
    """Return the HTTP status, which some clients keep on the error below their own."""
    response = getattr(error, "response", None)
    for holder, name in ((error, "status_code"), (response, "status_code"), (error, "code")):
        value = getattr(holder, name, None)
        if isinstance(value, int) and value >= _FIRST_ERROR:
            return value
    return _status(error.__cause__) if error.__cause__ else None


def _names(error: BaseException) -> str:
    return " ".join(parent.__name__ for parent in type(error).__mro__)


def _is_transport(error: BaseException) -> bool:
    return any(word in _names(error) for word in ("Timeout", "Connect", "TransportError"))


def _what(error: BaseException, status: int | None) -> tuple[str, str]:
    if status == _TOO_MANY:
        return "too many requests (HTTP 429)", "wait, and resume the run"
    if status is not None and status >= _SERVER:
        return f"the server has an error (HTTP {status})", "resume the run later"
    if status is not None:
        return f"the request was refused (HTTP {status})", "check the name of the model and the settings"
    if "Timeout" in _names(error):
        return "no answer in time", "resume the run, or raise timeout in the settings"
    if _is_transport(error):
        return "no connection to the server", "check the network and base_url, then resume the run"
    return "its answer cannot be read", "check that base_url leads to the provider's API"


# Replies


def _bare(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _read(message: AIMessage, request: Request) -> Reply:
    text = _text(message)
    refusal = message.additional_kwargs.get("refusal") or _block_refusal(message)
    finish: Finish = "refusal" if refusal else _finish(message.response_metadata)
    return Reply(text or str(refusal or ""), finish, _usage(message, request, text))


def _text(message: AIMessage) -> str:
    for call in message.tool_calls:
        if call["args"]:
            return json.dumps(call["args"], ensure_ascii=False)
    for broken in message.invalid_tool_calls:
        if broken["args"]:
            return str(broken["args"])
    return str(message.text)


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


def _usage(message: AIMessage, request: Request, text: str) -> Usage:
    counted = message.usage_metadata
    if counted and counted["input_tokens"]:
        return Usage(1, counted["input_tokens"], counted["output_tokens"])
    return Usage(1, request.tokens, estimate(text))
