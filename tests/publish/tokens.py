"""Tokens in the forms of their providers, made up here: no file of this repository contains one."""

from __future__ import annotations

import base64
import json
import random
import string

_random = random.Random(7)
_ALNUM = string.ascii_letters + string.digits
_BASE32 = string.ascii_uppercase + "234567"


def made_up(length: int, letters: str = _ALNUM) -> str:
    """Return random letters, the same in every run."""
    return "".join(_random.choice(letters) for _ in range(length))


def _part(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


KEY_BODY = "\n".join(made_up(64) for _ in range(6))
TOKENS = {
    "AWS access key": ("AKIA" + made_up(16, _BASE32),),
    "Google API key": ("AIza" + made_up(35),),
    "Google client secret": ("GOCSPX-" + made_up(28),),
    "GitHub token": ("ghp_" + made_up(36), "github_pat_" + made_up(22) + "_" + made_up(59)),
    "GitLab token": ("glpat-" + made_up(20),),
    "Slack token": ("xoxb-" + made_up(12, string.digits) + "-" + made_up(24),),
    "Slack webhook": (f"https://hooks.slack.com/services/T{made_up(8, _BASE32)}/B{made_up(8, _BASE32)}/{made_up(24)}",),
    "Hugging Face token": ("hf_" + made_up(34, string.ascii_letters),),
    "OpenAI or Anthropic key": ("sk-proj-" + made_up(48), "sk-" + made_up(48), "sk-ant-api03-" + made_up(60)),
    "Stripe key": ("sk_live_" + made_up(24),),
    "npm token": ("npm_" + made_up(36),),
    "PyPI token": ("pypi-AgEIcHlwaS5vcmc" + made_up(60),),
    "SendGrid key": ("SG." + made_up(22) + "." + made_up(43),),
    "JSON web token": (f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part({'sub': '1234567890'})}.{made_up(43)}",),
    "private key": (
        f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 2\n\n{KEY_BODY}\n-----END PGP PRIVATE KEY BLOCK-----",
        # As a reader of prose leaves it: the lines of a paragraph are joined.
        f"-----BEGIN PRIVATE KEY----- {' '.join(KEY_BODY.split())} -----END PRIVATE KEY-----",
    ),
    "password in an address": (f"postgres://admin:{made_up(12)}@db.internal:5432/x",),
    "secret in an assignment": (
        f"API_KEY={made_up(32)}",
        f'export DB_PASSWORD="{made_up(8)}4{made_up(8)}"',
        f"secret_token: {made_up(40)}",
    ),
}
"""Each kind with examples."""
