"""Linters of API contracts: a sound contract passes, and a planted fault fails."""

from pathlib import Path

import pytest

from tests.library_gates.quote import block, need, run, write

RULES = {
    ".spectral.yaml": 'extends: ["spectral:oas"]\n',
    "redocly.yaml": "extends: [recommended]\nrules:\n  no-invalid-media-type-examples: error\n",
}
CONTRACT = """\
openapi: 3.1.0
info:
  title: Orders
  version: 1.0.0
  description: Orders of customers.
  contact: {name: Orders, url: https://acme.test, email: orders@acme.test}
  license: {name: MIT, identifier: MIT}
servers: [{url: https://api.acme.test}]
security: [{login: []}]
tags: [{name: orders, description: Orders.}]
paths:
  /orders:
    get:
      operationId: listOrders
      summary: List orders
      description: Lists the orders of the caller.
      tags: [orders]
      responses:
        '200':
          description: The orders.
          content: {application/json: {schema: {type: array, items: {type: string}}, example: [a]}}
        '401': {description: No token.}
components:
  securitySchemes:
    login: {type: openIdConnect, openIdConnectUrl: https://id.acme.test/.well-known/openid-configuration}
"""


@pytest.mark.parametrize(
    ("tool", "contract", "passes"),
    [
        pytest.param("spectral", CONTRACT, True, id="spectral, sound"),
        pytest.param("spectral", CONTRACT.replace("      operationId: listOrders\n", ""), False, id="spectral, no id"),
        pytest.param("spectral", "", False, id="spectral, empty"),
        pytest.param("redocly", CONTRACT, True, id="redocly, sound"),
        pytest.param("redocly", CONTRACT.replace("[a]", "[1]"), False, id="redocly, wrong example"),
        pytest.param("redocly", "", False, id="redocly, empty"),
    ],
)
def test_linters_of_a_contract(tmp_path: Path, tool: str, contract: str, *, passes: bool) -> None:
    need(tool)
    write(tmp_path, RULES | {"openapi.yaml": contract})
    (command,) = [line for line in block("api/api-design.md", "spectral lint").splitlines() if tool in line]
    assert (run(command, tmp_path).returncode == 0) is passes


@pytest.mark.parametrize("tool", ["spectral", "redocly"])
def test_an_absent_contract_fails(tmp_path: Path, tool: str) -> None:
    need(tool)
    write(tmp_path, RULES)
    (command,) = [line for line in block("api/api-design.md", "spectral lint").splitlines() if tool in line]
    assert run(command, tmp_path).returncode != 0
