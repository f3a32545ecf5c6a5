import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from procauthor.authoring.deferral import deferred


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package whose first file notes that it runs, and which gives names of its own and of a module below it."""
    folder = tmp_path / "slow_types"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from pathlib import Path\n"
        "import slow_types\nKNOWN = hasattr(slow_types, 'unknown')\nfrom slow_types.part import Part\n"
        "Path(__file__).with_name('ran').touch()\n"
        "__all__ = ['Part', 'NAME']\n"
        "NAME = 'whole'\n"
    )
    (folder / "part.py").write_text("class Part:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "slow_types"]:
        del sys.modules[name]


def test_modules_below_a_deferred_package_are_loaded_without_it(package: Path) -> None:
    with deferred({"slow_types": ""}):
        part = importlib.import_module("slow_types.part")
    assert part.Part.__name__ == "Part"
    assert hasattr(sys.modules["slow_types"], "__path__")
    assert not hasattr(sys.modules["slow_types"], "__wrapped__")
    assert not (package / "ran").exists()


def test_a_name_of_a_deferred_package_runs_its_first_file(package: Path) -> None:
    with deferred({"slow_types": ""}):
        whole = importlib.import_module("slow_types")
    assert not (package / "ran").exists()
    assert whole.NAME == "whole"
    assert whole.Part is importlib.import_module("slow_types.part").Part
    with pytest.raises(AttributeError):
        _ = whole.nothing


def test_a_name_that_is_known_to_be_in_a_module_is_taken_from_there(package: Path) -> None:
    with deferred({"slow_types": "part"}):
        whole = importlib.import_module("slow_types")
    assert whole.Part is importlib.import_module("slow_types.part").Part
    assert not (package / "ran").exists()
    assert whole.NAME == "whole"
    assert (package / "ran").exists()


def test_a_module_that_is_not_there_is_not_asked(package: Path) -> None:
    with deferred({"slow_types": "no.part"}):
        whole = importlib.import_module("slow_types")
    assert whole.Part.__name__ == "Part"
    assert (package / "ran").exists()


def test_a_first_file_that_fails_fails_for_everybody_who_asks(package: Path) -> None:
    (package / "__init__.py").write_text("raise OSError('no disk')\n")
    with deferred({"slow_types": ""}):
        whole = importlib.import_module("slow_types")
    for _ in range(2):
        with pytest.raises(OSError, match="no disk"):
            _ = whole.NAME


def test_all_names_of_a_deferred_package_can_be_taken(package: Path) -> None:
    with deferred({"slow_types": ""}):
        importlib.import_module("slow_types")
    names: dict[str, object] = {}
    exec("from slow_types import *", names)  # noqa: S102 - a star is allowed at the top of a module only
    assert names["NAME"] == "whole"
    assert (package / "ran").exists()


def test_other_packages_are_loaded_as_ever(package: Path) -> None:
    with deferred({"some_other": ""}):
        importlib.import_module("slow_types")
    assert (package / "ran").exists()
