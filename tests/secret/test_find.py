"""Secrets are found in every form; ordinary text, examples and ids are left alone."""

import pytest

from procauthor.character import strip_hidden
from procauthor.secret import Censor, clean, find_secrets, redact
from tests.secret.forms import HEX, ISSUED, VALUES, WRITTEN, make


@pytest.mark.parametrize(("text", "value"), list(zip(WRITTEN, VALUES, strict=True)))
def test_a_value_is_found_by_the_name_that_it_is_given(text, value):
    (secret,) = find_secrets(text.encode())
    assert text.encode()[secret.start : secret.end].decode() == value
    assert value not in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(("kind", "value"), list(ISSUED.items()))
def test_a_token_is_found_by_the_form_of_its_maker(kind, value):
    text = f"Log in with {value} first."
    assert [each.kind for each in find_secrets(text.encode())] == [kind]
    assert f"[redacted: {kind}]" in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("text", ["token: " + make(40, HEX), "api_key: 3f786850-e387-550f-dab8-36ed7e6dc881"])
def test_a_hash_or_an_id_is_a_secret_where_it_is_called_one(text):
    assert len(find_secrets(text.encode())) == 1


@pytest.mark.parametrize(
    "text",
    [
        "password=<password>",
        "password: ****",
        "password: xxxxxxxx1",
        "password: changeme123",
        "api_key: string",
        "export TOKEN=$GITHUB_TOKEN",
        "token: ${CI_TOKEN_2}",
        "token: {{ vault.token1 }}",
        "token: $(vault read -field=token secret/app1)",
        "password: os.environ['PW1']",
        "password: vault:secret/db#pw1",
        "secret: arn:aws:secretsmanager:eu-1:12:secret:db1",
        "secretName: shop-tls-v2",
        "secret: k8s/prod/db-1",
        "token_ttl: 30m",
        "token: 1h30m15s",
        "max_tokens: 4096",
        "passwordHash: 3f786850e387550fdab836ed7e6dc881de23001b",
        "password: PBKDF2WithHmacSHA256",
        "token: OAuth2Token",
        "The password must have 8Characters2.",
        "The password: reset it within 30 days.",
        "password: ask admin2@shop.internal.net",
        "| password | token |\n|---|---|\n| reset it | renew it |",
        "password=cGFzc3dvcmQ=",
        'variable "token" {\n  type = string\n}\nvariable "region" {\n  default = "eu-west-1a2B3c4D5"\n}',
        'variable "db_password" {\n  default = var.shop_secret2\n}',
        "- name: DB_PASSWORD\n  valueFrom:\n    key: db\n- name: BUILD\n  value: 3f9A8c2eB1d7",
        "htpasswd -b users.htp admin $PASSWORD1",
        "htpasswd -B users.htp deploy3f9A8c2e",
        "unzip -p build-3f9A8c2eB1.zip notes",
        "identified by their id 3f9a8c2e1b7d",
        '["password", "token", "openid2connect"]',
        "bypass: Xk39QmP2vLw8",
        "key: Xk39QmP2vLw8",
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://user:password@localhost/db",
        "Authorization: Bearer <token>",
        "basic authentication2 first",
        "sk-and-other-words",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "the token 3f786850e387550fdab836ed7e6dc881de23001b",
        "shop@sha256:" + make(64, HEX).lower(),
        "id 3f786850-e387-550f-dab8-36ed7e6dc881",
        "Use the client secret of the OAuth application.",
        "https://example.org:8080/a@b",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    ],
)
def test_ordinary_text_is_no_secret(text):
    assert find_secrets(text.encode()) == []


def test_what_is_around_a_secret_stays():
    assert redact("db: postgres://app:s3cr3tPw@db.internal/app!") == (
        "db: postgres://app:[redacted: password in a URL]@db.internal/app!"
    )
    assert redact('password = "k9Xw27pQz" # old') == 'password = "[redacted: password]" # old'


def test_hidden_characters_go_and_joiners_of_other_scripts_stay():
    assert strip_hidden("ig\u200bno\u200dre\u202e\U000e0041 \ufeffit") == "ignore it"
    assert strip_hidden("می\u200cخواهم 👩\u200d💻") == "می\u200cخواهم 👩\u200d💻"


def test_all_texts_of_a_value_are_cleaned():
    assert clean({"a": ["x\u200by", {"b": ISSUED["API key"]}], "n": 1}) == {
        "a": ["xy", {"b": "[redacted: API key]"}],
        "n": 1,
    }


def test_a_key_goes_as_a_whole_word_and_however_it_is_escaped():
    key = "pk/Zq81-Tr55vW"
    censor = Censor([key])
    assert censor(f"You sent {key}.") == "You sent [redacted: key]."
    assert censor.reply(r'{"a": "pk\/Zq81-Tr55vW", "b": "\u0070k/Zq81-Tr55vW", "c": "\\u0070k"}') == (
        r'{"a": "[redacted: key]", "b": "[redacted: key]", "c": "\\u0070k"}'
    )
    assert censor("xpk/Zq81-Tr55vWx") == "xpk/Zq81-Tr55vWx"


@pytest.mark.parametrize("key", ["x", "EMPTY", "none", "dummy", "not-needed", "sk-no-key-required", "lm-studio"])
def test_a_short_key_garbles_no_message(key):
    text = f"This model's maximum context length is 4096 tokens; {key} is none of them."
    assert Censor([key])(text) == text


def test_a_part_of_a_document_hides_what_the_whole_does():
    page = f"| user | password |\n|---|---|\n| me | {VALUES[0]} |\n"
    assert Censor.of(page.encode())(f"me, {VALUES[0]}") == "me, [redacted: key]"
