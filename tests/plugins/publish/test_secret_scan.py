"""Secrets are found in every form, shown masked, and prose is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.plugins.publish import listing
from index.plugins.publish.listing import EMAIL, masked, scan
from tests.cases import cases
from tests.plugins.publish.tokens import DOCUMENTED, FORMS, KEY_BODY, OTHERS, made_up

EVALUATION = Path(__file__).parents[4] / "shared" / "eval"
HARMLESS = {
    "a placeholder": "API_KEY=your-api-key-goes-here-123",
    "a documented example": "The id AKIAIOSFODNN7EXAMPLE is the one of the manual.",
    "a repeated letter": "password: xxxxxxxxxxxxxxxxx1",
    "a variable": "PASSWORD=${DATABASE_PASSWORD_2}",
    "a variable in an address": "postgres://user:${PASSWORD}@host/db",
    "an expression": 'token = os.environ["TOKEN_2024"]',
    "a path": "private_key: /etc/ssl/private/server-2024.pem",
    "words": "The secret: negotiations lasted until 2019 and beyond.",
    "words with hyphens": "token: one-time-password-by-mail",
    "a key that is only named": "A file begins with -----BEGIN RSA PRIVATE KEY----- and so on.",
    "a prefix alone": "Send it as `Authorization: Bearer pincite_key_`, then the key.",
    "an identifier": "The sample covid_2019_vaccine_trial_results_2021 is file IMG_20210504_123456789012_004.",
    "a name with a hash": "layer_sha256-" + "53aa51172d142c89d9012cce15ae4d6cc0ca68958951143",
    "a file with a hash": "![](figure_53aa51172d142c89d9012cce15ae4d6c.png)",
    "a hash": "sha256: 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "three parts that are no token": "eyJhbGciOiJub25l.eyJzdWIiOiIxMjM0NTY3ODkw.no",
    "an address with a port": "http://example.org:8080/a@b",
    "a public key": f"-----BEGIN PUBLIC KEY-----\n{KEY_BODY}\n-----END PUBLIC KEY-----",
}


@cases(("name", "token"), [*DOCUMENTED.items(), *OTHERS.items()])
def test_token_of_a_provider_is_found_in_a_sentence(name: str, token: str) -> None:
    """One finding inside the token; its excerpt gives at most four characters away."""
    _assert_found(token)


@cases(("kind", "token"), [(kind, token) for kind, tokens in FORMS.items() for token in tokens])
def test_form_of_our_own_is_found_in_a_sentence(kind: str, token: str) -> None:
    """What no list of providers has is found, too, and says what it is. No form is untested."""
    assert kind in _assert_found(token)
    assert {form.kind for form in listing.FORMS} == FORMS.keys()


def _assert_found(token: str) -> list[str]:
    """Assert that a token is found, within its borders and masked; return the kinds of the findings."""
    before = "The note says: "
    found = scan(f"{before}{token} and goes on.")
    assert found
    for finding in found:
        assert len(before) <= finding.span.start < finding.span.end <= len(before) + len(token)
        assert finding.span.of(f"{before}{token}") not in finding.excerpt
        assert len(finding.excerpt.partition("…")[0]) <= 4
    return [finding.kind for finding in found]


def test_places_count_characters_whatever_the_text_holds() -> None:
    """A half of a surrogate pair, which some files contain, neither fails the scan nor moves the place."""
    token = DOCUMENTED["GitHub"]
    text = f"\ud800 Ω 🙂 {token}"
    (found,) = scan(text)
    assert found.span.of(text) == token


@cases(("why", "text"), list(HARMLESS.items()))
def test_text_without_secrets_is_left_alone(why: str, text: str) -> None:
    """These look like secrets only at first sight."""
    assert scan(text) == [], why


def test_email_addresses_count_only_on_request() -> None:
    """By default an address in a document is its author's, and public."""
    text = "Write to jo.doe+press@news.example.org, or to Jo."
    assert scan(text) == []
    (found,) = scan(text, emails=True)
    assert (found.kind, found.span.of(text)) == (EMAIL, "jo.doe+press@news.example.org")


def test_findings_are_in_order_and_do_not_overlap() -> None:
    """A token in an assignment or an address is one finding, not two."""
    first, second = OTHERS["Stripe"], DOCUMENTED["GitHub"]
    text = f"API_KEY={second} then https://me:{first}@host.example/x"
    found = scan(text, emails=True)
    assert [finding.kind for finding in found] == ["github token", "stripe credential"]
    assert found == sorted(found, key=lambda finding: finding.span)


@given(st.text(max_size=400))
def test_any_text_is_scanned_without_error(text: str) -> None:
    """Every span lies in the text, whatever the text."""
    assert all(0 <= found.span.start < found.span.end <= len(text) for found in scan(text, emails=True))


@cases(
    "line",
    ["a" * 200_000, "token:" * 30_000, "x://" + "y" * 200_000, "- " * 100_000, "ab_" * 70_000,
     "https://ab.cd/" + "x/" * 90_000],
)  # fmt: skip
def test_time_of_a_scan_grows_with_the_length_only(line: str) -> None:
    """Hostile lines finish; a pattern with nested repetition would take hours."""
    assert scan(line) == []


@cases("secret", ["", "a", made_up(5), made_up(300)])
def test_mask_never_shows_more_than_a_third(secret: str) -> None:
    """A short secret is not given away by its excerpt."""
    assert len(masked(secret).partition("…")[0]) <= len(secret) / 3


def test_public_texts_raise_no_false_alarm() -> None:
    """Abstracts, web pages and questions of the evaluation sets contain no secret: the rate of false alarms is 0."""
    files = sorted(EVALUATION.rglob("*.jsonl"))
    if not files:
        pytest.skip("shared data: the evaluation sets are not here")
    for file in files:
        with file.open(encoding="utf-8") as lines:
            assert scan(lines.read(1_000_000)) == [], file


def test_secret_may_begin_like_a_path_or_a_placeholder() -> None:
    """One AWS secret in 64 begins with a slash, and a password may begin with any character."""
    aws = "/Qz8rT2mVx9LkW4yHnB7cDfG1jPsE3uA6oIeR5tY0"
    (found,) = scan(f"aws_secret_access_key = {aws}")
    assert found.span.end - found.span.start == len(aws)
    assert [finding.kind for finding in scan("postgres://ada:%K7q-horse@db.example.org/x")] == [
        "password in an address"
    ]
    for harmless in (
        "postgres://ada:****@db.example.org/x",
        "secret: /srv/pincite1/keys2/a9b8.pem",
        "token: ./a1/b2c3d4e5f6",
    ):
        assert scan(harmless) == [], harmless
