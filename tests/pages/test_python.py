"""The page about Python shows all that is exported, what public methods return is exported, and the examples run."""

import ast
import re
import shutil
from pathlib import Path

import pytest

import procauthor
from pages import ROOT
from pages.python import SERVICES, class_of, functions_of
from procauthor.markdown.parse import parse

# Words of an annotation that come from elsewhere.
FOREIGN = {
    "Any",
    "Callable",
    "Literal",
    "Mapping",
    "Path",
    "Sequence",
    "bool",
    "bytes",
    "dict",
    "int",
    "list",
    "str",
    "tuple",
}


def test_every_exported_name_is_on_the_page() -> None:
    document = parse((ROOT / "python.md").read_bytes())
    shown = {heading.text for heading in document.headings if heading.level == 3}
    errors = {name for name in procauthor.__all__ if name.endswith("Error")}
    assert shown | errors == set(procauthor.__all__)
    assert all(f"\n| `{name}` |" in document.source.raw.decode() for name in errors)
    assert not document.problems


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_returns_is_exported(name: str) -> None:
    returned = {
        (function.name, part.id)
        for function in functions_of(class_of(name))
        for part in ast.walk(function.returns or ast.Constant(None))
        if isinstance(part, ast.Name)
    }
    assert {pair for pair in returned if pair[1] not in {*FOREIGN, *procauthor.__all__}} == set()


def test_every_error_is_exported() -> None:
    tree = ast.parse(Path(procauthor.__file__).with_name("errors.py").read_text(encoding="utf-8"))
    errors = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    assert errors <= set(procauthor.__all__)


def test_the_examples_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT.parent / "procedures", tmp_path / "my-library")
    monkeypatch.chdir(tmp_path)
    opening = (ROOT / "python.md").read_text(encoding="utf-8").partition("\n## The door")[0]
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", opening, re.DOTALL):
        exec(code, names)  # noqa: S102 - our own words
    assert "did you mean 'API Design Procedure'?" in capsys.readouterr().out
