"""Which model: ``provider:name``, and what is known of the provider."""

from __future__ import annotations

from dataclasses import dataclass

from procauthor.errors import ConfigError

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
