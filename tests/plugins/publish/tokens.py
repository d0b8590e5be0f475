"""Tokens in the forms that their providers describe, made up here: no file of this repository contains one."""

from __future__ import annotations

import base64
import json
import random
import string

_random = random.Random(7)
_ALNUM = string.ascii_letters + string.digits
_BASE32 = string.ascii_uppercase + "234567"
_BASE64 = _ALNUM + "+/"
_BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
_HEX = "0123456789abcdef"
_LOWER = string.ascii_lowercase + string.digits
_UPPER = string.ascii_uppercase + string.digits
_URL = _ALNUM + "-_"


def made_up(length: int, letters: str = _ALNUM) -> str:
    """Return random letters, the same in every run."""
    return "".join(_random.choice(letters) for _ in range(length))


def _part(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _hex(length: int) -> str:
    return made_up(length, _HEX)


def _digits(length: int) -> str:
    return made_up(length, string.digits)


KEY_BODY = "\n".join(made_up(64) for _ in range(6))
_KEY_LINES = "\\n".join(made_up(64, _BASE64) for _ in range(6))
DOCUMENTED = {
    "age": "AGE-SECRET-KEY-1" + made_up(58, _BECH32),  # test data of the crate age
    "Buildkite": "bkua_" + _hex(40),  # buildkite.com/docs/platform/security/tokens
    "Cloudflare": "cfut_"
    + made_up(40)
    + _hex(8),  # developers.cloudflare.com/fundamentals/api/get-started/token-formats
    "Databricks": "dapi" + _hex(32),  # tests of the crate keyhog-scanner
    "DigitalOcean": "dop_v1_" + _hex(64),  # GitLab's rules, merge request 178
    "Docker": "dckr_pat_"
    + made_up(27, _URL),  # docs.docker.com/reference/api/hub; the length: leaktk/patterns, issue 70
    "GitHub": "ghp_" + made_up(36),  # github.blog/changelog, 2021-03-31
    "GitHub, fine-grained": "github_pat_" + made_up(22) + "_" + made_up(59),
    "GitLab": "glpat-" + made_up(20, _URL),  # gitlab-org/gitlab, issue 342327
    "GitLab, routable": f"glpat-{made_up(27, _URL)}.01.{made_up(9, _LOWER)}",
    "Grafana": f"glsa_{made_up(32)}_{_hex(8)}",  # grafana.com/docs/learning-paths
    "Groq": "gsk_" + made_up(52),
    "Linear": "lin_api_" + made_up(40),  # rules of the crate keyhog-core
    "Notion": "ntn_" + _digits(11) + made_up(35),
    "OpenRouter": "sk-or-v1-" + _hex(64),  # openrouter.ai/docs/guides/overview/auth/api-keys
    "Sentry": "sntryu_" + _hex(64),  # docs.sentry.io/security-legal-pii/security/token-formats
    "Shopify, access": "shpat_" + _hex(32),  # shopify.dev/changelog, 2020-04-01
    "Shopify, application": "shpss_" + _hex(32),  # shopify.dev/changelog, 2020-01-28
    "Supabase": f"sb_secret_{made_up(22, _URL)}_{made_up(8, _URL)}",  # supabase.com/docs/guides/api/api-keys
    "Tailscale": f"tskey-auth-k{made_up(11)}CNTRL-{made_up(32)}",  # tailscale.com/docs/reference/key-prefixes
    "Telegram": f"{_digits(9)}:AA{made_up(33, _URL)}",  # core.telegram.org/bots
    "Vault": "hvs.CAESI" + made_up(90, _URL),  # developer.hashicorp.com/vault/docs/concepts/tokens
    "xAI": "xai-" + made_up(80),
}
"""Tokens made by descriptions that were looked up for this file: pages of the providers, else those named."""
OTHERS = {
    "Anthropic": f"sk-ant-api03-{made_up(93, _URL)}AA",
    "AWS": "AKIA" + made_up(16, _BASE32),
    "Brevo": f"xkeysib-{_hex(64)}-{made_up(16)}",
    "Discord": f"{base64.b64encode(_digits(18).encode()).decode()}.{made_up(6)}.{made_up(38, _URL)}",
    "Entra": f"{made_up(3)}8Q~{made_up(34, _URL)}",
    "Figma": "figd_" + made_up(40, _URL),
    "Google": "AIza" + made_up(35),
    "Google client": "GOCSPX-" + made_up(28),
    "Heroku": "HRKU-AA" + made_up(58, _URL),
    "Hugging Face": "hf_" + made_up(34, string.ascii_letters),
    "Mailgun": "key-" + _hex(32),
    "npm": "npm_" + made_up(36),
    "OpenAI": f"sk-proj-{made_up(74, _URL)}T3BlbkFJ{made_up(74, _URL)}",
    "PlanetScale": "pscale_tkn_" + made_up(43, _URL),
    "PyPI": "pypi-AgEIcHlwaS5vcmc" + made_up(60),
    "SendGrid": f"SG.{made_up(22)}.{made_up(43)}",
    "Slack": f"xoxb-{_digits(12)}-{_digits(12)}-{made_up(24)}",
    "Stripe": "sk_live_" + made_up(24),
    "Terraform": f"{made_up(14)}.atlasv1.{made_up(67)}",
    "JSON web token": f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part({'sub': '1234567890'})}.{made_up(43)}",
    "Bearer header": f"Authorization: Bearer {made_up(32)}",
}
"""Further tokens."""
FORMS = {
    "password in an address": (f"sftp://admin:{made_up(12)}@files.internal/x",),
    "webhook address": (
        f"https://hooks.slack.com/services/T{made_up(8, _UPPER)}/B{made_up(10, _UPPER)}/{made_up(24)}",
        f"https://discord.com/api/webhooks/{_digits(18)}/{made_up(68, _URL)}",
    ),
    "signed address": (
        f"https://a.blob.core.windows.net/c/b?sv=2022-11-02&se=2026-01-01&sr=b&sp=r&sig={made_up(43)}%3D",
    ),
    "token with a prefix": (
        f"pincite_key_{made_up(43, _URL)}",
        # Providers that redact-secret did not know when this was written.
        f"CFPAT-{made_up(43)}",
        f"duffel_live_{made_up(43)}",
        f"shippo_live_{_hex(40)}",
    ),
    "private key": (
        f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 2\n\n{KEY_BODY}\n-----END PGP PRIVATE KEY BLOCK-----",
        # As a reader of prose leaves it: the lines of a paragraph are joined.
        f"-----BEGIN PRIVATE KEY----- {' '.join(KEY_BODY.split())} -----END PRIVATE KEY-----",
        # As a file of JSON has it, as in the key of a service account: with line breaks written out.
        f'"key": "-----BEGIN PRIVATE KEY-----\\n{_KEY_LINES}\\n-----END PRIVATE KEY-----\\n"',
    ),
    "secret in an assignment": (
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={made_up(86, _BASE64)}==",  # Azure
        f"API_KEY={made_up(32)}",
        f'export DB_PASSWORD="{made_up(8)}4{made_up(8)}"',
        f"secret_token: {made_up(40)}",
    ),
}
"""Each form of our own with examples."""
