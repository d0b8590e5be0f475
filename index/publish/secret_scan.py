"""Finds secrets in texts: keys, tokens, passwords, and e-mail addresses on request.

The package redact-secret knows the forms of the providers. The forms below find what no list of providers can: random
characters after a prefix, as in the tokens of most other providers; addresses that contain a secret; and random values
that are assigned to a name such as `API_KEY`. docs/sharing.md has the comparison with other packages.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import redact_secret

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Test = Callable[[str], bool]

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
_LONG = re.compile(r"[A-Za-z0-9]{16,}")
_CHANGE = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])")
_CHANGES = 4
"""Changes between digits and letters from which a part of a token looks random: `covid2019vaccine` has two."""
_HASH = re.compile(r"(?:^|[_.-])(?:sha|md5|blake|crc|commit|rev|etag|uuid|urn|build)", re.I)
"""The name of a hash, which is public."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text."""

    kind: str
    span: Span
    excerpt: str
    """Its first characters and its length."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of secrets; the group `secret` is the secret itself."""

    kind: str
    pattern: re.Pattern[str]
    test: Test


def scan(text: str, *, emails: bool = False) -> list[Finding]:
    """Return the secrets in a text in order; with `emails`, the e-mail addresses, too. None lies within another."""
    found: list[Finding] = []
    for kind, span in (*_of_providers(text), *_of_forms(text, (*FORMS, *([_EMAIL] if emails else [])))):
        if not any(span.start < other.span.end and other.span.start < span.end for other in found):
            found.append(Finding(kind, span, masked(span.of(text))))
    return sorted(found, key=lambda finding: finding.span)


def masked(secret: str) -> str:
    """Return what may be shown of a secret: enough to find it, too little to use it."""
    first = " ".join(secret.split())[: min(_SHOWN, len(secret) // 3)]
    return f"{first}… ({len(secret)} characters)"


def _of_providers(text: str) -> Iterator[tuple[str, Span]]:
    """Yield the secrets that redact-secret finds, apart from those for which we have better forms."""
    # Halves of surrogate pairs are refused; a question mark in place of each leaves all offsets as they are.
    valid = text.encode("utf-8", "replace").decode()
    most = redact_secret.WholeInputLimits(max_input_bytes=4 * len(valid) + 1, max_findings=len(valid) + 1)
    for found in redact_secret.scan(valid, limits=most):
        span = Span(found.start, found.end)
        if _TESTS.get(found.type, _is_real)(span.of(text)):
            yield found.type.replace("_", " "), span


def _of_forms(text: str, forms: Iterable[_Form]) -> Iterator[tuple[str, Span]]:
    for form in forms:
        for match in form.pattern.finditer(text):
            if form.test(match["secret"]):
                yield form.kind, Span(*match.span("secret"))


def _is_real(value: str) -> bool:
    return not _PLACEHOLDER.search(value)


def _is_password(value: str) -> bool:
    """Return whether a password in an address is a real one: it may begin with any character."""
    return _is_real(value.lstrip("(*%[")) and bool(value.strip("*%"))


def _is_assigned_secret(value: str) -> bool:
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and _is_real(value) and _entropy(value) > _RANDOM_BITS and not _CODE.search(value)


def _is_prefixed_token(value: str) -> bool:
    """Return whether a part of a token is long, and mixes digits and letters as no word or number does."""
    is_mixed = any(len(_CHANGE.findall(part)) >= _CHANGES for part in _LONG.findall(value))
    return is_mixed and _is_real(value) and not _HASH.search(value)


def _entropy(text: str) -> float:
    """Return the entropy of a text's characters, in bits for each character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


_TESTS: dict[str, Test] = {
    "bearer_token": _is_assigned_secret,
    "contextual_secret": lambda _: False,  # it takes “the secret: negotiations” for one
    "private_key": lambda _: False,  # it misses keys of PGP
}
"""The tests of what redact-secret finds, by its type; for all other types, that the value is no placeholder."""


def _forms() -> Iterator[_Form]:
    key = r"-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----"
    body = r"(?:\s*[\w-]+: [^\n]*\n)*(?P<secret>(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]){64,})"
    yield _Form("private key", re.compile(f"{key}{body}"), lambda _: True)
    url = r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@\"'<>]{1,100}:(?P<secret>[^\s/@\"'<>]{3,100})@[\w.-]{2,}"
    yield _Form("password in an address", re.compile(url, re.I), _is_password)
    hook = r"\bhttps://[\w.-]{4,100}/(?:[\w@.-]{1,150}/){0,6}?(?:services|\w{0,8}hooks?\w{0,3})/(?P<secret>[\w@/-]{12,200})"
    yield _Form("webhook address", re.compile(hook), _is_assigned_secret)
    signed = r"[?&]sig=(?P<secret>[\w%/+-]{40,80}=?)"
    yield _Form("signed address", re.compile(signed), _is_assigned_secret)
    prefix = r"(?:[a-z]{1,12}|[A-Z]{2,12})\d?(?:[_-][A-Za-z0-9]{1,8}){0,3}"
    token = rf"(?<![\w/.=+@#&%-])(?P<secret>{prefix}[_.-][\w-]{{20,300}})(?![\w/-]|\.\w)"
    yield _Form("token with a prefix", re.compile(token, re.A), _is_prefixed_token)
    words = "secret|token|passwo?r?d|passphrase|(?:api|access|account|private|auth)_?key|credentials?"
    name = rf"(?:\b|_|(?<=[a-z])(?-i:(?=[A-Z])))(?:{words})(?:_\w{{1,20}})?"
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
