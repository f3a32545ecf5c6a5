"""The page about settings shows each key once, in TOML that procauthor and the JSON schema both take."""

import json
import re
import tomllib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pages import ROOT
from pages.setting import Key, tables
from procauthor.settings import Settings

SCHEMA = Draft202012Validator(json.loads((ROOT / "schema/settings.json").read_text(encoding="utf-8")))
EXAMPLES = {
    name: tomllib.loads(text)
    for text in re.findall(r"```toml\n(.*?)```", (ROOT / "settings.md").read_text(encoding="utf-8"), re.DOTALL)
    for name in tomllib.loads(text)
}
KEYS = [key for _, _, keys in tables() for key in keys]


def test_every_table_has_an_example() -> None:
    assert list(EXAMPLES) == list(Settings.model_fields)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_taken(name: str) -> None:
    assert SCHEMA.is_valid(EXAMPLES[name])
    Settings.model_validate(EXAMPLES[name])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.table}.{key.name}")
def test_every_key_has_words_and_occurs_in_the_example(key: Key) -> None:
    assert key.words.endswith(".")
    shown = EXAMPLES[(key.table or key.name).partition(".")[0]]
    for part in key.table.split(".") if key.table else ():
        shown = shown[part]
    assert key.name in shown
    assert key.example not in ("", (), {}, None), "give the field examples=[...]"


@pytest.mark.parametrize(
    "settings",
    [
        {"library": {"indx": "a"}},
        {"libary": {}},
        {"authoring": {"retries": 11}},
        {"authoring": {"timeout": 0}},
        {"links": {"slugs": "x"}},
        {"rules": {"orphan": "loud"}},
        {"templates": {"*.md": 3}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_procauthor_refuses(settings: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid(settings)
    with pytest.raises(ValueError, match="validation error"):
        Settings.model_validate(settings)


def test_the_schema_takes_an_empty_file_and_all_defaults() -> None:
    assert SCHEMA.is_valid({})
    assert SCHEMA.is_valid(json.loads(Settings().model_dump_json()))
