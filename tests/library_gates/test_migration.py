"""Files of migrations: what the Data Design Procedure prescribes passes its own gates, and a breach fails."""

from pathlib import Path

import pytest

from tests.library_gates.quote import block, blocks, need, run, write

STANDARD = "standards/database-change-standards.md"
START = "SET lock_timeout = '2s';\nSET statement_timeout = '5s';\n"
ADD = START + "ALTER TABLE orders ADD COLUMN total_minor bigint;\n"
FREE = "SET lock_timeout = 0;\nSET statement_timeout = 0;\n"


def prescribed() -> dict[str, str]:
    """The files that Step 7 quotes, under the kinds of names that it gives them."""
    quoted = [text for language, text in blocks("feature/data-design.md") if language == "sql"]
    names = ("001.sql", "002_concurrently.sql", "004_validate.sql", "005.sql")
    drop = "-- squawk-ignore ban-drop-column\nALTER TABLE orders DROP COLUMN total;\n"
    unique = "ALTER TABLE orders ADD CONSTRAINT orders_ref UNIQUE USING INDEX orders_ref_index;\n"
    files = dict(zip(names, (text for text in quoted if "lock_timeout" in text), strict=True))
    return files | {"006.sql": START + drop, "007.sql": START + unique}


def outcome(mark: str, root: Path, files: dict[str, str]) -> int:
    (root / "migrations").mkdir()
    write(root, {f"migrations/{name}": text for name, text in files.items()})
    return run("set -e\n" + block(STANDARD, mark), root).returncode


@pytest.mark.parametrize(
    ("added", "passes"),
    [
        pytest.param({}, True, id="as prescribed"),
        pytest.param({"008.sql": "-- why\n\n" + ADD}, True, id="a remark first"),
        pytest.param({"008.sql": ADD.replace("'2s'", "'10min'")}, False, id="ten minutes"),
        pytest.param({"008.sql": ADD.replace("'5s'", "'1h'")}, False, id="an hour"),
        pytest.param({"008.sql": "CREATE TABLE IF NOT EXISTS x (id bigint);\n"}, False, id="no timeout"),
        pytest.param({"008.sql": "UPDATE orders SET a = 1 WHERE id = 4;\n"}, False, id="an update without"),
        pytest.param({"008.sql": "SET lock_timeout = '2s';\n"}, False, id="one line"),
        pytest.param({"008.sql": ""}, False, id="an empty file"),
        pytest.param({"008.sql": FREE + ADD}, False, id="no limit for a file that builds no index"),
        pytest.param({"008_concurrently.sql": ADD}, False, id="a limit for a file that builds one"),
    ],
)
def test_timeouts(tmp_path: Path, added: dict[str, str], *, passes: bool) -> None:
    need("awk")
    assert (outcome("ARGC", tmp_path, prescribed() | added) == 0) is passes


def test_no_file_is_no_proof(tmp_path: Path) -> None:
    need("awk")
    assert outcome("ARGC", tmp_path, {}) != 0


@pytest.mark.parametrize(
    ("added", "passes"),
    [
        pytest.param({}, True, id="as prescribed"),
        pytest.param({"008.sql": START + "CREATE INDEX a ON orders (a);\n"}, False, id="an index that locks"),
        pytest.param(
            {"008.sql": START + "ALTER TABLE orders DROP COLUMN a;\n"}, False, id="a column dropped in passing"
        ),
        pytest.param({"008.sql": START + "ALTER TABLE orders ALTER COLUMN a SET NOT NULL;\n"}, False, id="a scan"),
        pytest.param({"008_concurrently.sql": FREE + "CREATE INDEX a ON orders (a);\n"}, False, id="not concurrently"),
    ],
)
def test_linter(tmp_path: Path, added: dict[str, str], *, passes: bool) -> None:
    need("squawk")
    assert (outcome("squawk", tmp_path, prescribed() | added) == 0) is passes
