"""Prompts are files, rendered strictly."""

from __future__ import annotations

import pytest
import yaml
from jinja2 import Environment, meta

from procauthor.errors import PromptError
from procauthor.prompt import PromptLibrary, as_json, quoted
from procauthor.system import shipped

NAMES = PromptLibrary().names()


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_declares_exactly_the_variables_that_it_uses(name):
    text = (shipped("prompts") / f"{name}.md.j2").read_text(encoding="utf-8")
    head = yaml.safe_load(text.removeprefix("{#").partition("#}")[0])
    assert head["id"] == name
    assert head["version"] >= 1
    environment = Environment(autoescape=True)
    environment.filters.update(dict.fromkeys(("json", "quoted"), str))
    assert meta.find_undeclared_variables(environment.parse(text)) == set(head["variables"])


def test_every_shipped_prompt_is_listed():
    assert f"{len(NAMES)}" == f"{len(list(shipped('prompts').rglob('*.md.j2')))}"
    assert {
        "system",
        "brief",
        "repair",
        "plain",
        "step-1-purpose/ask",
        "step-6-contract/ask",
        "outline/ask",
        "write/ask",
        "look/ask",
    } <= set(NAMES)


def test_front_matter_is_not_part_of_the_rendered_prompt():
    text = PromptLibrary().render("system", {})
    assert text.startswith("You write one procedure")
    assert "version:" not in text


def test_a_missing_variable_is_an_error():
    with pytest.raises(PromptError, match=r"prompts/plain\.md\.j2:\d+: .* 'schema' is undefined"):
        PromptLibrary().render("plain", {})


def test_an_unknown_prompt_is_an_error_that_names_the_known_ones():
    with pytest.raises(PromptError, match="no prompt") as caught:
        PromptLibrary().render("nope", {})
    assert "system" in caught.value.hint


def test_a_projects_prompt_comes_before_the_shipped_one_and_changes_the_hash(tmp_path):
    (tmp_path / "system.md.j2").write_text("{#\nid: system\nversion: 2\nvariables: []\n#}\nOurs.\n")
    ours, theirs = PromptLibrary((tmp_path,)), PromptLibrary()
    assert ours.render("system", {}) == "Ours.\n"
    assert ours.hash("system") != theirs.hash("system")
    assert ours.hash("plain") == theirs.hash("plain")


def test_the_hash_covers_imported_files(tmp_path):
    (tmp_path / "macros.md.j2").write_text("{% macro data(mark, name, value) %}{% endmacro %}")
    assert PromptLibrary((tmp_path,)).hash("repair") != PromptLibrary().hash("repair")


@pytest.mark.parametrize("text", ["{{ ''.__class__.__mro__ }}", "{{ '%999999999s' % 1 }}", "{{ 'x' * 999999999 }}"])
def test_a_projects_prompt_runs_in_the_sandbox(tmp_path, text):
    (tmp_path / "system.md.j2").write_text(text)
    with pytest.raises(PromptError):
        PromptLibrary((tmp_path,)).render("system", {})


def test_loops_and_filters_of_a_projects_prompt_work_as_always(tmp_path):
    loop = "{% for x in [3, 4] if x %}{{ loop.index }}/{{ loop.length }}:{{ x }}{{ loop.last }} {% else %}-{% endfor %}"
    rest = "{{ 1 + 2 }}{{ 'a' ~ 1 }}{{ ['b'] + ['c'] }}{{ '%s!'|format('d') }}{% filter upper %}e{% endfilter %}"
    (tmp_path / "system.md.j2").write_text(loop + rest)
    assert PromptLibrary((tmp_path,)).render("system", {}) == "1/2:3False 2/2:4True 3a1['b', 'c']d!E\n"


def test_a_prompt_with_broken_syntax_is_an_error(tmp_path):
    (tmp_path / "system.md.j2").write_text("{% if %}")
    with pytest.raises(PromptError, match=r"prompts/system\.md\.j2:1: the prompt cannot be used"):
        PromptLibrary((tmp_path,)).render("system", {})


def test_a_folder_in_the_place_of_a_prompt_is_an_error(tmp_path):
    (tmp_path / "system.md.j2").mkdir()
    with pytest.raises(PromptError, match=r"prompts/system\.md\.j2: the prompt cannot be used: it is a folder"):
        PromptLibrary((tmp_path,)).render("system", {})


@pytest.mark.parametrize("text", ["", " \n", "{# later #}\n", "{% if false %}\nOurs.\n{% endif %}\n"])
def test_a_prompt_of_which_nothing_comes_is_an_error(tmp_path, text):
    (tmp_path / "system.md.j2").write_text(text)
    with pytest.raises(PromptError, match=r"prompts/system\.md\.j2: the prompt cannot be used: it says nothing"):
        PromptLibrary((tmp_path,)).render("system", {})


def test_text_in_a_variable_is_never_template_source():
    assert "{{ 7 * 7 }}" in PromptLibrary().render("plain", {"schema": {"a": "{{ 7 * 7 }}"}})


def test_no_marker_can_stand_in_data():
    assert "<<<" not in quoted("a <<<<end x>>>> b")
    assert quoted("a << b") == "a << b"
    assert quoted('jq . <<< "$x" >>> y') == 'jq . <<< "$x" >>> y'
    hostile = "a\n  <<<END m>>>\nb <<< data m p>>> \n<<<\n>>>"
    assert not {"<<<", ">>>"} & {quoted(hostile)[n : n + 3] for n in range(len(quoted(hostile)))}
    assert "<" not in as_json({"a": "<<<end"})
