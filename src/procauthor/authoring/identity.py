"""Which model, and which server of it may see which key."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from msgspec import Struct

from procauthor.errors import ConfigError
from procauthor.regex import lazy

EXTRAS = {"openai": "openai", "anthropic": "anthropic", "google_genai": "google", "ollama": "ollama"}
_ALIASES = {"google": "google_genai"}
_KEYS = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google_genai": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "ollama": ("OLLAMA_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "mistralai": ("MISTRAL_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
}


class ModelId(Struct, frozen=True):
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
    def known(self) -> bool:
        """Whether we know where the provider's client takes its key from."""
        return self.provider in _KEYS

    @property
    def needs_key(self) -> bool:
        """Whether it cannot work without a key. Ollama can, and of an unknown provider we do not know."""
        return self.known and self.provider != "ollama"

    @property
    def key_names(self) -> tuple[str, ...]:
        """The environment variables that may hold the provider's key."""
        return _KEYS.get(self.provider, (f"{self.provider.upper()}_API_KEY",))

    @property
    def key_name(self) -> str:
        """The one of them to name in a message."""
        return self.key_names[0]


BASE_URL = "PROCAUTHOR_BASE_URL"
TRUST = "PROCAUTHOR_TRUST_BASE_URL"
CONSENT = f"export {TRUST}={{host}}"
_SERVICE = "procauthor"
_ENVIRONMENT = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL"),
}
_SAFE_URL = lazy(r"https?://[\w.:\[\]-]+(?:/[\w./~%-]*)?", re.ASCII)
_NAMED_SECRET = lazy(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Credential:
    """The key of a provider, and where it was looked for. ``value`` is empty where there is none."""

    value: str = field(default="", repr=False)
    looked: tuple[str, ...] = ()


class Server(Struct, frozen=True):
    """Where a model is. ``url`` is empty for the provider's own address; ``ours`` says that the user named it."""

    url: str = ""
    ours: bool = True

    @property
    def host(self) -> str:
        """The host in lower case, without port."""
        return (urlsplit(self.url).hostname or "").rstrip(".")

    @property
    def local(self) -> bool:
        """Whether it is this machine or a private network, by address. Another name may lead anywhere."""
        return is_local(self.host)


def is_local(host: str) -> bool:
    """Say whether a host is this machine or in a private network, by address. Another name may lead anywhere."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def find_credential(identity: ModelId) -> Credential:
    """Look for a key: in the environment first, then in the keyring under the service ``procauthor``."""
    looked: list[str] = []
    for name in identity.key_names:
        looked.append(f"the environment variable {name}")
        if os.environ.get(name):
            return Credential(os.environ[name], tuple(looked))
    for name in identity.key_names:
        value = _from_keyring(name)
        looked.append(f"the keyring ({_SERVICE}, {name})" if value is not None else "the keyring (not installed)")
        if value:
            return Credential(value, tuple(looked))
        if value is None:
            break
    return Credential(looked=tuple(looked))


def _from_keyring(name: str) -> str | None:
    """Return a key, an empty string where the keyring has none, or None where there is no keyring."""
    try:
        import keyring
    except ImportError:
        return None
    try:
        return keyring.get_password(_SERVICE, name) or ""
    except Exception:  # noqa: BLE001 - backends raise whatever they like; a locked keyring has no key for us
        return ""


def find_server(identity: ModelId, from_settings: str) -> Server:
    """Return the server of a model: the user's environment first, then the project's settings.

    Raises:
        ConfigError: An address is no plain http or https URL.
    """
    named = os.environ.get(BASE_URL, "")
    if named:
        return Server(_checked(named, BASE_URL))
    if from_settings:
        return Server(_checked(from_settings, "base_url"), ours=False)
    for name in _ENVIRONMENT.get(identity.provider, ()):
        if os.environ.get(name):
            return Server(_checked(os.environ[name], name))
    return Server()


def _checked(url: str, where: str) -> str:
    # A sign that two parsers read differently could show one host here and reach another.
    if not _SAFE_URL.fullmatch(url) or not urlsplit(url).hostname:
        message = f"{where} is no plain http or https address"
        raise ConfigError(message, 'write it like "http://localhost:8000/v1"')
    return url


def refuse_leak(identity: ModelId, server: Server, credential: Credential) -> None:
    """Refuse to send the user's key to a server that only the project's settings name.

    A server on this machine or in a private network may have it, and any that the user names in the environment.

    Raises:
        ConfigError: It is another server; the hint says how to consent.
    """
    if server.ours or not server.url or server.local or trusts(server.host):
        return
    if not credential.value and identity.known:
        return
    message = f"the project's settings send {str(identity)!r} to {server.host}, which would receive {identity.key_name}"
    raise ConfigError(message, f"if you trust that server with your key: {CONSENT.format(host=server.host)}")


def trusts(host: str) -> bool:
    """Say whether the user's environment consents to a host."""
    words = re.split(r"[\s,]+", os.environ.get(TRUST, "").lower())
    return host in {(urlsplit(word).hostname or "") if "://" in word else word.rstrip(".") for word in words if word}


def require_key(identity: ModelId, server: Server, credential: Credential) -> None:
    """Refuse to start without a key where one is needed.

    Raises:
        ConfigError: There is none; the hint says where it was looked for.
    """
    if credential.value or not identity.needs_key or (server.url and identity.provider == "openai"):
        return
    name = identity.key_name
    message = f"there is no key for {str(identity)!r}; looked in {' and '.join(credential.looked)}"
    raise ConfigError(message, f"set the environment variable {name}, or store it: keyring set {_SERVICE} {name}")


def known_secrets(credential: Credential) -> tuple[str, ...]:
    """Return every value that may appear neither in a message nor in what is kept of a reply."""
    named = {value for name, value in os.environ.items() if _NAMED_SECRET.search(name)}
    return tuple(sorted({*named, credential.value} - {""}))
