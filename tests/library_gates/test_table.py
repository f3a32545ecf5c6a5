"""Gates over tables: complete rows pass, and a row that is missing, empty or unfinished fails."""

from pathlib import Path

import pytest

from tests.library_gates.quote import block, need, run, write

THREAT = "feature/threat-model.md"
HEAD = "id,element,stride,threat,response,reason,severity,controls,residual"
THREATS = (
    "T-001,P1,S,a caller poses as a tenant,mitigate,,High,C-001 C-002,Low",
    "T-002,P1,T,a caller alters an order,eliminate,,High,C-001,Note",
    "T-003,P1,R,a caller denies an order,accept,,Low,,Low",
    "T-004,P1,I,-,none,no data leaves,,,",
)
PLAN_HEAD = "id,threats,control,requirement,owner,due,test"
PLAN = (
    "C-001,T-001 T-002,check the tenant,v5.0.0-8.2.2,backend,2027-01-31,use a token of another tenant",
    "C-002,T-001,alert on refusals,own,frontend,2027-01-31,fail 20 times",
)


def table(head: str, *rows: str) -> str:
    return "\n".join([head, *rows]) + "\n"


def status(script: str, root: Path, files: dict[str, str]) -> int:
    write(root, files)
    return run(script, root).returncode


@pytest.mark.parametrize(
    ("rows", "passes"),
    [
        pytest.param(THREATS, True, id="finished"),
        pytest.param((), False, id="no row"),
        pytest.param((*THREATS, "T-5,P1,D,x,mitigate,,,C-001,Low"), False, id="not rated"),
        pytest.param((*THREATS, "T-5,P1,D,x,mitigate,,High,C-001,"), False, id="no residual severity"),
        pytest.param((*THREATS, "T-5,P1,D,x,eliminate,,High,,Low"), False, id="eliminated by no control"),
        pytest.param((*THREATS, "T-5,P1,D,x,none,,,,"), False, id="none without a reason"),
        pytest.param((*THREATS, "T-5,P1,D,x,later,,High,C-001,Low"), False, id="unknown response"),
        pytest.param((*THREATS, "T-5,P1,D,x,,,,,"), False, id="no decision"),
    ],
)
def test_unfinished_threats(tmp_path: Path, rows: tuple[str, ...], *, passes: bool) -> None:
    need("mlr")
    gate = block(THREAT, "unfinished-threats.jsonl")
    assert (status(gate, tmp_path, {"threats.csv": table(HEAD, *rows)}) == 0) is passes


def test_threats_without_the_columns_of_later_steps_are_unfinished(tmp_path: Path) -> None:
    need("mlr")
    gate = block(THREAT, "unfinished-threats.jsonl")
    assert status(gate, tmp_path, {}) != 0
    assert status(gate, tmp_path, {"threats.csv": table("id,element,stride,threat", "T-001,P1,S,x")}) == 1
    assert '"T-001"' in (tmp_path / "unfinished-threats.jsonl").read_text()


@pytest.mark.parametrize(
    ("rows", "passes"),
    [
        pytest.param(PLAN, True, id="finished"),
        pytest.param((), False, id="no row"),
        pytest.param(PLAN[:1], False, id="a threat names a control that nobody planned"),
        pytest.param((*PLAN, "C-003,T-001,x,own,data,2027-01-31,try"), False, id="a control that no threat names"),
        pytest.param((PLAN[0], "C-002,T-001,alert,own,frontend,2027-01-31,"), False, id="no test"),
        pytest.param((PLAN[0], "C-002,T-001,alert,own,frontend,,fail 20 times"), False, id="no date"),
        pytest.param((PLAN[0], "C-002,T-001,alert,own,somebody,2027-01-31,fail 20 times"), False, id="unknown owner"),
    ],
)
def test_unfinished_controls(tmp_path: Path, rows: tuple[str, ...], *, passes: bool) -> None:
    need("mlr")
    gate = block(THREAT, "unfinished-controls.jsonl")
    files = {"threats.csv": table(HEAD, *THREATS), "mitigation-plan.csv": table(PLAN_HEAD, *rows)}
    assert (status(gate, tmp_path, files) == 0) is passes


@pytest.mark.parametrize(
    ("diagram", "rows", "passes"),
    [
        pytest.param("E1 -> S1", ("E1,S", "E1,R", "S1,T", "S1,I", "S1,D"), True, id="every letter"),
        pytest.param("E1 -> S1", ("E1,S", "S1,T", "S1,I", "S1,D"), False, id="a letter is missing"),
        pytest.param("E1 -> S1", ("E1,S", "E1,R"), False, id="an element is missing"),
        pytest.param("customer -> orders", ("E1,S", "E1,R"), False, id="elements without numbers"),
    ],
)
def test_gaps_of_a_threat_model(tmp_path: Path, diagram: str, rows: tuple[str, ...], *, passes: bool) -> None:
    need("mlr")
    files = {"dataflow.puml": diagram, "threats.csv": table("element,stride", *rows)}
    assert (status(block(THREAT, "gaps.txt"), tmp_path, files) == 0) is passes


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        pytest.param("id,evidence\nC-001,run 17\n", True, id="proved"),
        pytest.param("id,evidence\nC-001,run 17\nC-002,\n", False, id="one without proof"),
        pytest.param("id,test\nC-001,try\n", False, id="no column"),
    ],
)
def test_unproved_controls(tmp_path: Path, text: str, *, passes: bool) -> None:
    need("mlr")
    gate = block("feature/security-review.md", "unproved.jsonl")
    assert (status(gate, tmp_path, {"mitigation-plan.csv": text}) == 0) is passes


INVENTORY = "operation,caller,object\nPOST /orders,user,\nGET /orders/{id},user,order\nGET /orders/{id},service,order\n"
CELLS = (
    "POST /orders,user,none,201",
    "POST /orders,anonymous,none,401",
    "GET /orders/{id},user,own,200",
    "GET /orders/{id},user,other,404",
    "GET /orders/{id},user,other-tenant,404",
    "GET /orders/{id},user,missing,404",
    "GET /orders/{id},anonymous,other,401",
    "GET /orders/{id},anonymous,other-tenant,401",
    "GET /orders/{id},anonymous,missing,401",
)


@pytest.mark.parametrize(
    ("cells", "passes"),
    [
        pytest.param(CELLS, True, id="exactly the cells"),
        pytest.param(CELLS[:-1], False, id="one is missing"),
        pytest.param((*CELLS, "POST /orders,anonymous,own,401"), False, id="one is invented"),
        pytest.param((*CELLS[:-1], "GET /orders/{id},anonymous,missing,"), False, id="no expected status"),
        pytest.param((), False, id="none at all"),
    ],
)
def test_cells_of_the_access_matrix(tmp_path: Path, cells: tuple[str, ...], *, passes: bool) -> None:
    need("mlr")
    files = {
        "access-inventory.csv": INVENTORY,
        "access-roles.csv": "role,owns\nuser,yes\nanonymous,no\n",
        "access-tests.csv": table("operation,role,relation,expected", *cells),
    }
    assert (status(block("feature/authn-authz.md", "access-tests.csv"), tmp_path, files) == 0) is passes


def test_an_empty_inventory_proves_nothing(tmp_path: Path) -> None:
    need("mlr")
    head = {"access-inventory.csv": "operation,object\n", "access-roles.csv": "role,owns\n"}
    gate = block("feature/authn-authz.md", "access-tests.csv")
    assert status(gate, tmp_path, head | {"access-tests.csv": "operation,role,relation,expected\n"}) != 0


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        pytest.param("# Requirements\n\nREQ-001 one\nNFR-001 two\n", True, id="each once"),
        pytest.param("REQ-001 one\nREQ-001 two\n", False, id="one twice"),
        pytest.param("- REQ-001 one\n", False, id="not at the beginning of a line"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_identifiers_of_requirements(tmp_path: Path, text: str, *, passes: bool) -> None:
    script = block("feature/requirements-and-scope.md", "identifiers.txt")
    assert (status(script, tmp_path, {"requirements.md": text}) == 0) is passes


@pytest.mark.parametrize(
    ("files", "passes"),
    [
        pytest.param({"logs/a.log": "order 7 paid\n"}, True, id="clean"),
        pytest.param({"logs/a.log": "order 7 paid\n", "logs/b.log": "card 4111111111111111\n"}, False, id="a card"),
        pytest.param({"logs/a.log": "Bearer eyJhbGciOiJub25lIn0.x\n"}, False, id="a token"),
        pytest.param({"logs/a.log": ""}, False, id="an empty log"),
        pytest.param({}, False, id="no log"),
    ],
)
def test_what_logs_must_not_hold(tmp_path: Path, files: dict[str, str], *, passes: bool) -> None:
    script = block("feature/integration-testing.md", "find logs")
    assert (status(script, tmp_path, files) == 0) is passes
