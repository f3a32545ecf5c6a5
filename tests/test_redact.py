"""Secrets and hidden characters are found; ordinary text is left alone."""

import pytest

from procauthor.redact import clean, find_secrets, redact, strip_hidden

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "AWS access key": "AKIA" + "QYLPMN5HHHFPZAM2",
    "GitHub token": "ghp_" + "a1B2" * 9,
    "GitLab token": "glpat-" + "x1Yz" * 5,
    "Slack token": "xoxb-" + "2749016385-kQz7Ylm",
    "Google API key": "AIza" + "Sy1b2C3d4" * 3 + "efghijkl",
    "Stripe key": "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "API key": "sk-" + "proj-a1B2c3D4e5F6g7H8",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K",
    "password in a URL": "postgres://app:s3cr3tPw@db.internal/app",
    "secret in an assignment": "DB_PASSWORD=k9Xw27pQz",
    "token in a header": "Authorization: Bearer a8f5f167f44f4964e6c998dee827110c",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize(("kind", "secret"), SECRETS.items())
def test_a_secret_is_found_and_replaced_by_its_kind(kind, secret):
    text = f"Log in with {secret} first."
    assert [each.kind for each in find_secrets(text)] == [kind]
    assert f"[redacted: {kind}]" in redact(text)
    assert redact(redact(text)) == redact(text)


def test_what_stands_around_a_secret_stays():
    assert redact("db: postgres://app:s3cr3tPw@db.internal/app!") == (
        "db: postgres://app:[redacted: password in a URL]@db.internal/app!"
    )
    assert redact('password = "k9Xw27pQz" # old') == 'password = "[redacted: secret in an assignment]" # old'


@pytest.mark.parametrize(
    "text",
    [
        "password=<password>",
        "api_key: string",
        "export TOKEN=$GITHUB_TOKEN",
        "secret: changeme123",
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://user:password@localhost/db",
        "The password: reset it within 30 days.",
        "Authorization: Bearer <token>",
        "sk-and-other-words",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "Use the client secret of the OAuth application.",
        "https://example.org:8080/a@b",
    ],
)
def test_ordinary_text_is_no_secret(text):
    assert list(find_secrets(text)) == []


def test_hidden_characters_go_and_joiners_of_other_scripts_stay():
    assert strip_hidden("ig\u200bno\u200dre\u202e\U000e0041 \ufeffit") == "ignore it"
    assert strip_hidden("می\u200cخواهم 👩\u200d💻") == "می\u200cخواهم 👩\u200d💻"


def test_all_texts_of_a_value_are_cleaned():
    assert clean({"a": ["x\u200by", {"b": SECRETS["API key"]}], "n": 1}) == {
        "a": ["xy", {"b": "[redacted: API key]"}],
        "n": 1,
    }
