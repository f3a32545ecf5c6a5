"""Secrets in the forms in which people write them. They are made here, so that no scanner takes a file for a leak."""

import random
import string

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
_rnd = random.Random(7)


def make(size: int, signs: str = LETTERS) -> str:
    return "".join(_rnd.choices(signs, k=size - 2)) + _rnd.choice("23456789") + _rnd.choice("ABCDEFGH")


# What is written around a password, and what a document may hold anywhere.
LABELLED = [
    "- **Password:** {}",
    "- **Password**: {}",
    "__Password__: {}",
    "Password: `{}`",
    "Password = `{}`",
    "**Password** – `{}`",
    "The password is {} until Friday.",
    "Password for the admin account: {}",
    "Password (staging): {}",
    "Password:\n\n```text\n{}\n```",
    "Password:\n\n    {}",
    "> Password: {}",
    "| Password | {} |",
    "| user | password |\n|---|:--|\n| admin | `{}` |",
    "user | API token (staging)\n--|--\nadmin | {}",
    "<b>Password:</b> {}",
    "<td>Password</td><td>{}</td>",
    "<password>{}</password>",
    "export API_TOKEN={}",
    "$env:DB_PASSWORD_PROD = '{}'",
    "ENV API_TOKEN {}",
    "curl -u admin:{} https://shop.internal",
    "curl --user 'admin:{}' https://shop.internal",
    "mysql -u root -p{} shop",
    "sshpass -p {} ssh shop",
    "docker login -u me -p {}",
    "tool --token {}",
    "tool --api-key={}",
    "machine shop login me password {}",
    "Authorization: Bearer {}",
    "X-Api-Key: {}",
    "PRIVATE-TOKEN: {}",
    "https://me:{}@shop.internal/path",
    "https://shop.internal/path?access_token={}&page=1",
    "Server=shop;User Id=me;Password={};",
    "password: {}",
    '"client_secret": "{}",',
    "db.password = {}",
    'secret_key = "{}"',
    "apiKey: '{}'",
    "AccessKey => '{}'",
    "Passwort: {}",
    "Kennwort lautet {}",
    "Mot de passe : {}",
    "Contraseña: {}",
    "Senha: {}",
    "Wachtwoord: {}",
    "Hasło: {}",
    "Пароль: {}",
    "数据库密码：{}。",
    "パスワード「{}」",
    "비밀번호: {}",
    "Mật khẩu: {}",
    'variable "db_password" {\n  type      = string\n  sensitive = true\n  default   = "{}"\n}',
    "- name: DB_PASSWORD\n  value: {}",
    '{"name": "DB_PASSWORD", "type": "text", "value": "{}"}',
    '<add key="DbPassword" value="{}"/>',
    "<name>shop.password</name>\n<value>{}</value>",
    "ParameterKey=DbPassword,ParameterValue={}",
    "define('DB_PASSWORD', '{}');",
    "htpasswd -bBC 10 /etc/nginx/users.htp admin {} && systemctl reload nginx",
    "Run `htpasswd -nb admin '{}'` on the host.",
    "mysqldump --single-transaction \\\n  -u root -p{} shop",
    "CREATE USER shop IDENTIFIED BY '{}';",
    "alter user shop identified with caching_sha2_password by '{}';",
    "rabbitmqctl add_user shop {}",
    "net user deploy {} /add",
    "echo 'deploy:{}' | sudo chpasswd",
    "keytool -list -storepass {}",
    "smbclient -U shop%{} //srv/files",
    "plink -pw {} deploy@shop",
    "mongosh -u admin -p {} shop",
    "7z x -p{} shop.7z",
    "zip -P {} shop.zip notes",
    "requirepass {}",
    "PW: {}",
]
ISSUED = {
    "AWS access key": "AKIA" + make(16, string.ascii_uppercase + "234567").replace("8", "7").replace("9", "6"),
    "GitHub token": "ghp_" + make(36),
    "GitLab token": "glpat-" + make(20),
    "Slack token": "xoxb-" + "2749016385-" + make(24),
    "Google API key": "AIza" + make(35),
    "Stripe key": "sk_" + "live_" + make(24),
    "Anthropic key": "sk-ant-" + "api03-" + make(90),
    "API key": "sk-" + "proj-" + make(48),
    "Hugging Face token": "hf_" + make(34),
    "npm token": "npm_" + make(36),
    "PyPI token": "pypi-AgE" + "IcHlwaS5vcmc" + make(80),
    "SendGrid key": "SG." + make(22) + "." + make(43),
    "DigitalOcean token": "dop_v1_" + make(64, HEX).lower(),
    "Vault token": "hvs." + make(95),
    "Azure key": "AccountKey=" + make(86) + "==",
    "age key": "AGE-SECRET-KEY-1" + make(58, BECH32),
    "JSON web token": "eyJ" + make(20) + ".eyJ" + make(30) + "." + make(40),
    "private key": "-----BEGIN RSA PRIVATE KEY-----\n" + make(64) + "\n" + make(30) + "\n-----END RSA PRIVATE KEY-----",
}
VALUES = [make(14) for _ in LABELLED]
WRITTEN = [form.replace("{}", value) for form, value in zip(LABELLED, VALUES, strict=True)]
ALL_VALUES = [
    *VALUES,
    *(each.split("\n")[1] if "\n" in each else each.removeprefix("AccountKey=") for each in ISSUED.values()),
]
ALL_TEXTS = [*WRITTEN, *(f"Use {each} today." for each in ISSUED.values())]
