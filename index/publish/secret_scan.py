"""Finds secrets in texts: keys, tokens, passwords, and e-mail addresses on request.

Every provider gives its tokens a prefix so that they can be recognised; the forms below are those of the providers'
documentation. Where a secret has no form of its own, only an assignment to a name such as `API_KEY` counts, and only if
the value looks random. detect-secrets (Apache-2.0) was tried first: see docs/sharing.md for the comparison.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Test = Callable[[re.Match[str]], bool]

EMAIL = "e-mail address"
_SHOWN = 4
"""Characters of a secret that an excerpt shows."""
_RANDOM_BITS = 3.3
"""Entropy, in bits for each character, from which a value of an assignment looks random; words have about 3."""
_LEAST = 12
"""The shortest value of an assignment that counts: shorter ones are mostly words."""
_PLACEHOLDER = re.compile(
    r"example|sample|placeholder|dummy|changeme|redacted|your[-_ ]|(.)\1{4}|^[<\[{(*%]|[$%]\{|\{\{"
    r"|^(?:pass(?:word|wd)?|pwd|secret|token)$",
    re.I,
)
_CODE = re.compile(
    r"^(?:[a-z_]+\.)+[a-z_]+|[(\[]|^(?:https?|file):|^(?:\.{1,2}|~)/|^\.\w|^/(?:[a-z][\w.-]*/)+|^[a-z]+(?:[-_][a-z]+)+$",
    re.I,
)
"""A value that is an expression, a path or several words, and no secret itself."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text."""

    kind: str
    span: Span
    excerpt: str
    """Its first characters and its length."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of secrets; the group `secret` is the secret itself, else the whole match."""

    kind: str
    pattern: re.Pattern[str]
    test: Test


def scan(text: str, *, emails: bool = False) -> list[Finding]:
    """Return the secrets in a text in order; with `emails`, the e-mail addresses, too. None lies within another."""
    found: list[Finding] = []
    for form in (*FORMS, *([_EMAIL] if emails else [])):
        for match in form.pattern.finditer(text):
            span = Span(*match.span("secret"))
            if form.test(match) and not any(
                span.start < other.span.end and other.span.start < span.end for other in found
            ):
                found.append(Finding(form.kind, span, masked(match["secret"])))
    return sorted(found, key=lambda finding: finding.span)


def masked(secret: str) -> str:
    """Return what may be shown of a secret: enough to find it, too little to use it."""
    first = " ".join(secret.split())[: min(_SHOWN, len(secret) // 3)]
    return f"{first}… ({len(secret)} characters)"


def _is_real(match: re.Match[str]) -> bool:
    return not _PLACEHOLDER.search(match["secret"])


def _is_password(match: re.Match[str]) -> bool:
    """Return whether a password in an address is a real one: it may begin with any character."""
    value = match["secret"]
    return not _PLACEHOLDER.search(value.lstrip("(*%[")) and bool(value.strip("*%"))


def _is_random(match: re.Match[str]) -> bool:
    """Return whether a token with a short prefix is followed by random characters."""
    return _is_real(match) and _entropy(match["secret"]) > _RANDOM_BITS


def _is_assigned_secret(match: re.Match[str]) -> bool:
    value = match["secret"]
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and _is_random(match) and not _CODE.search(value)


def _is_jwt(match: re.Match[str]) -> bool:
    head = match["secret"].partition(".")[0]
    try:
        return "alg" in json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, TypeError):
        return False


def _entropy(text: str) -> float:
    """Return the entropy of a text's characters, in bits for each character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _forms() -> Iterator[_Form]:
    whole: tuple[tuple[str, str, Test], ...] = (
        ("AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b", _is_random),
        ("Google API key", r"\bAIza[\w-]{35}(?![\w-])", _is_random),
        ("Google client secret", r"\bGOCSPX-[\w-]{28}(?![\w-])", _is_random),
        ("GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_\w{22,251})\b", _is_random),
        ("GitLab token", r"\bgl(?:pat|dt|rt|ptt|cbt|agent)-[\w-]{20,}", _is_random),
        ("Slack token", r"\bxox[abeoprs]-\d[\w-]{18,}", _is_random),
        ("Slack webhook", r"\bhooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}", _is_random),
        ("Hugging Face token", r"\b(?:hf|api_org)_[A-Za-z]{34}\b", _is_random),
        ("OpenAI or Anthropic key", r"\bsk-(?:(?:proj|svcacct|admin|ant)-[\w-]{20,}|[A-Za-z0-9]{32,})", _is_random),
        ("Stripe key", r"\b[sr]k_live_[A-Za-z0-9]{20,}\b", _is_random),
        ("npm token", r"\bnpm_[A-Za-z0-9]{36}\b", _is_random),
        ("PyPI token", r"\bpypi-AgE[\w-]{50,}", _is_random),
        ("SendGrid key", r"\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])", _is_random),
        ("JSON web token", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}", _is_jwt),
    )
    for kind, form, test in whole:
        yield _Form(kind, re.compile(f"(?P<secret>{form})"), test)
    key = r"-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----"
    body = r"(?:\s*[\w-]+: [^\n]*\n)*(?P<secret>(?:\s*[A-Za-z0-9+/=]){64,})"
    yield _Form("private key", re.compile(f"{key}{body}"), lambda _: True)
    url = r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@\"'<>]{1,100}:(?P<secret>[^\s/@\"'<>]{3,100})@[\w.-]{2,}"
    yield _Form("password in an address", re.compile(url, re.I), _is_password)
    words = "secret|token|passwo?r?d|passphrase|api_?key|access_?key|private_?key|auth_?key|credentials?"
    name = rf"(?:\b|_)(?:{words})(?:_\w{{1,20}})?"
    value = rf"(?P<secret>[^\s\"'`,;<>|]{{{_LEAST},200}})"
    yield _Form(
        "secret in an assignment", re.compile(rf"{name}[\"']?[ \t]?[:=][ \t]?[\"'`]?{value}", re.I), _is_assigned_secret
    )


FORMS = tuple(_forms())
_EMAIL = _Form(
    EMAIL,
    re.compile(r"(?<![\w.+-])(?P<secret>[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})\b"),
    lambda _: True,
)
