"""Sign-in at a real OpenID Connect provider: who gets in, and every way in which a token or an address is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from index.plugins.team.sessions import own_path
from tests.plugins.team.conftest import DOCUMENTS, fill, running_team
from tests.plugins.team.provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    PROVIDER_WARNINGS,
    ProviderServer,
    encoded,
    rsa_key,
    running_provider,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.plugins.team.conftest import Team
    from tests.plugins.team.provider import Claims


pytestmark = [pytest.mark.filterwarnings(f"ignore:{words}") for words in PROVIDER_WARNINGS]
RULES = (
    '[open]\nreaders = ["ada@example.org"]\n["vault-q7"]\nreaders = ["group:board"]\ncurators = ["@lab.example.org"]\n'
)
ADA = {"email": "ada@example.org", "email_verified": True, "name": "Ada L."}


@pytest.fixture(scope="module")
def provider_server() -> Iterator[ProviderServer]:
    """The provider, shared by the tests of this module."""
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(provider_server: ProviderServer) -> ProviderServer:
    """The provider as it was at first, with one person."""
    fresh = ProviderServer()
    for name in ("key", "published", "change", "sign", "describe", "is_down"):
        setattr(provider_server, name, getattr(fresh, name))
    provider_server.requests.clear()
    provider_server.person("ada", **ADA)
    return provider_server


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries, which each test gets copied."""
    folder = tmp_path_factory.mktemp("filled") / "libraries"
    folder.mkdir()
    fill(folder, DOCUMENTS)
    return folder


@pytest.fixture
def team(provider: ProviderServer, filled: Path, tmp_path: Path) -> Iterator[Team]:
    """A server where people sign in."""
    settings = {"oidc_issuer": provider.url, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
    shutil.copytree(filled, tmp_path / "libraries")
    with running_team(tmp_path, {}, rules=RULES, **settings) as team:
        yield team


def begin(client: TestClient, wanted: str = "/") -> str:
    """Begin a sign-in and return the provider's address."""
    response = client.get("/sign-in/start", params={"next": wanted})
    assert response.status_code == 303, response.text
    return response.headers["location"]


def signed_in(client: TestClient, provider: ProviderServer, subject: str = "ada", wanted: str = "/") -> Any:
    """Sign in and return the last response."""
    return client.get(local(provider.agree(begin(client, wanted), subject)))


def local(address: str) -> str:
    """Return an address without its host."""
    split = urlsplit(address)
    return f"{split.path}?{split.query}"


def libraries(client: TestClient) -> list[str] | int:
    """Return the libraries that a client may read, or the status of the refusal."""
    response = client.get("/", headers={"Accept": "application/json"})
    return [library["name"] for library in response.json()["libraries"]] if response.status_code == 200 else 401


def test_person_signs_in_reads_and_signs_out(team: Team, provider: ProviderServer) -> None:
    """The sign-in leads back to the wanted page. The session opens what the person may read, until the sign-out."""
    client = team.client()
    page = client.get("/l/open/docs?x=1", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/l/open/docs%3Fx%3D1")
    shown = client.get(page.headers["location"])
    assert 'href="/sign-in/start?next=/l/open/docs%3Fx%3D1"' in shown.text
    back = signed_in(client, provider, wanted="/l/open/docs?x=1")
    assert (back.status_code, back.headers["location"]) == (303, "/l/open/docs?x=1")
    assert libraries(client) == ["open"]
    assert client.post("/l/open/v1/ask", json={"question": "Who signed the treaty?"}).status_code == 200
    session = client.cookies["pincite_session"]
    out = client.post("/sign-out")
    assert out.headers["location"] == "/sign-in?out"
    assert "You have signed out" in client.get("/sign-in?out").text
    assert libraries(client) == 401
    client.cookies.set("pincite_session", session)  # a copy that somebody has kept
    assert libraries(client) == 401
    assert [line["action"] for line in team.audited] == ["sign-in", "sign-out"]
    assert team.audited[0]["who"] == "ada@example.org"


def test_cookies_are_closed_to_scripts_and_other_sites(team: Team, provider: ProviderServer) -> None:
    """Over HTTPS the cookies are Secure and bound to this host; their content says nothing about the person."""
    client = team.client(base_url="https://127.0.0.1")
    back = signed_in(client, provider)
    cookies = back.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("__Host-pincite_session="))
    assert {part.strip() for part in session.split(";")[1:]} == {
        "HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Lax", "Secure"
    }  # fmt: skip
    assert "ada" not in session
    files = [path for path in team.settings.accounts.iterdir() if path.suffix in (".json", ".jsonl")]
    assert len(files) == 3
    value = session.partition("=")[2].partition(";")[0]
    assert all(value not in path.read_text() for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_authorization_uses_pkce_state_and_nonce(team: Team) -> None:
    """The address of the provider has all three, new each time."""
    addresses = [parse_qs(urlsplit(begin(team.client())).query) for _ in range(2)]
    assert addresses[0]["code_challenge_method"] == ["S256"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(addresses[0][name][0]) >= 20
        assert addresses[0][name] != addresses[1][name]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (ADA, ["open"]),
        ({**ADA, "email": "ADA@Example.ORG"}, ["open"]),
        ({**ADA, "email_verified": False}, []),
        ({"email": "ada@example.org"}, []),
        ({**ADA, "email": "eve@example.org"}, []),
        ({**ADA, "email": "ada@example.org.evil.test"}, []),
        ({"groups": ["board", "staff"]}, ["vault-q7"]),
        ({"groups": "board"}, ["vault-q7"]),
        ({"groups": ["boards"]}, []),
        ({**ADA, "email": "x@lab.example.org", "groups": ["board"]}, ["vault-q7"]),
        ({**ADA, "email": "x@evil-lab.example.org"}, []),
    ],
    ids=str,
)
def test_claims_decide_the_libraries(
    team: Team, provider: ProviderServer, claims: dict[str, Any], expected: list[str]
) -> None:
    """A verified address, its domain or a group opens a library; whatever only looks alike opens none."""
    provider.person("somebody", **claims)
    client = team.client()
    assert signed_in(client, provider, "somebody").status_code == 303
    assert libraries(client) == expected


def test_role_comes_from_the_rules_at_each_request(team: Team, provider: ProviderServer) -> None:
    """A person who is taken out of `libraries.toml` has no access from then on, without signing out."""
    client = team.client()
    signed_in(client, provider)
    assert libraries(client) == ["open"]
    (team.folder / "libraries.toml").write_text('[open]\nreaders = ["bob@example.org"]\n')
    assert libraries(client) == []
    assert client.get("/l/open/v1/documents").status_code == 404


# Tokens


def expired(claims: Claims) -> None:
    """Change a token: expired."""
    claims["exp"] = int(time.time()) - 3600


def long_expired_by_the_clock(claims: Claims) -> None:
    """Change a token: long expired by the clock."""
    claims["exp"] = int(time.time()) - 90


def other_audience(claims: Claims) -> None:
    """Change a token: other audience."""
    claims["aud"] = "another-client"


def other_audience_for_us(claims: Claims) -> None:
    """Change a token: other audience for us."""
    claims["aud"], claims["azp"] = ["another-client"], CLIENT_ID


def other_issuer(claims: Claims) -> None:
    """Change a token: other issuer."""
    claims["iss"] = "https://evil.example.org"


def other_nonce(claims: Claims) -> None:
    """Change a token: other nonce."""
    claims["nonce"] = "of-another-sign-in"


def no_nonce(claims: Claims) -> None:
    """Change a token: no nonce."""
    del claims["nonce"]


def no_expiry(claims: Claims) -> None:
    """Change a token: no expiry."""
    del claims["exp"]


def no_subject(claims: Claims) -> None:
    """Change a token: no subject."""
    claims["sub"] = ""


def from_the_future(claims: Claims) -> None:
    """Change a token: from the future."""
    claims["nbf"] = int(time.time()) + 3600


def other_access_token(claims: Claims) -> None:
    """Change a token: other access token."""
    claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    "change",
    [
        expired, long_expired_by_the_clock, other_audience, other_audience_for_us, other_issuer, other_nonce, no_nonce,
        no_expiry, no_subject, from_the_future, other_access_token,
    ],
    ids=lambda change: change.__name__,
)  # fmt: skip
def test_wrong_claims_are_refused(
    team: Team, provider: ProviderServer, change: Callable[[Claims], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Each token is signed by the provider, but expired, for somebody else, or of another sign-in."""
    provider.change = change
    client = team.client()
    refused = signed_in(client, provider)
    assert refused.status_code == 403
    assert "The sign-in was not valid." in refused.text
    assert "pincite_session" not in client.cookies
    assert libraries(client) == 401
    assert "A sign-in from testclient failed" in caplog.text
    assert not team.audited


def clock_behind(claims: Claims) -> None:
    """Change a token: clock behind."""
    claims["exp"] = int(time.time()) - 30


def clock_ahead(claims: Claims) -> None:
    """Change a token: clock ahead."""
    claims["iat"] = int(time.time()) + 30


@pytest.mark.parametrize("change", [clock_behind, clock_ahead], ids=lambda change: change.__name__)
def test_clocks_may_differ_by_half_a_minute(
    team: Team, provider: ProviderServer, change: Callable[[Claims], None]
) -> None:
    """The clock of the provider is never exactly ours."""
    provider.change = change
    assert signed_in(team.client(), provider).status_code == 303


def unsigned(_: ProviderServer, claims: Claims) -> str:
    """Make a token that is unsigned."""
    return f"{encoded({'alg': 'none'})}.{encoded(claims)}."


def unsigned_in_capitals(_: ProviderServer, claims: Claims) -> str:
    """Make a token that is unsigned in capitals."""
    return f"{encoded({'alg': 'NonE'})}.{encoded(claims)}."


def public_key_as_secret(provider: ProviderServer, claims: Claims) -> str:
    """HS256 with the provider's public key, which everybody knows."""
    text = f"{encoded({'alg': 'HS256', 'kid': provider.key.kid})}.{encoded(claims)}"
    digest = hmac.new(provider.key.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def client_secret_as_key(provider: ProviderServer, claims: Claims) -> str:
    """Make a token that is client secret as key."""
    text = f"{encoded({'alg': 'HS256'})}.{encoded(claims)}"
    digest = hmac.new(CLIENT_SECRET.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def foreign_key(provider: ProviderServer, claims: Claims) -> str:
    """A key that the provider has not published, under the id of one that it has."""
    published = provider.key
    provider.published = (published,)
    forger = ProviderServer(key=rsa_key(str(published.kid), "forger"))
    return forger.signed(claims)


def key_in_the_token(_: ProviderServer, claims: Claims) -> str:
    """The token brings its own key along."""
    key = ECKey.generate_key("P-256")
    return str(jwt.encode({"alg": "ES256", "jwk": key.as_dict(private=False)}, claims, key))


def changed_after_signing(provider: ProviderServer, claims: Claims) -> str:
    """Make a token that is changed after signing."""
    head, _, signature = provider.signed(claims).split(".")
    return f"{head}.{encoded({**claims, 'sub': 'root'})}.{signature}"


@pytest.mark.parametrize(
    "sign",
    [
        unsigned, unsigned_in_capitals, public_key_as_secret, client_secret_as_key, foreign_key, key_in_the_token,
        changed_after_signing, lambda *_: "no token", lambda *_: "",
    ],
    ids=lambda sign: sign.__name__,
)  # fmt: skip
def test_forged_tokens_are_refused(team: Team, provider: ProviderServer, sign: Any) -> None:
    """No signature, one that anybody can make, and one by another key."""
    provider.sign = sign
    provider.describe = lambda described: described.update(
        id_token_signing_alg_values_supported=["none", "HS256", "ES256", "RS256"]
    )
    client = team.client()
    assert signed_in(client, provider).status_code == 403
    assert libraries(client) == 401


def test_answer_without_a_token_is_refused(team: Team, provider: ProviderServer) -> None:
    """A provider without OpenID Connect gives an access token alone."""
    provider.change = lambda claims: claims.clear()
    provider.sign = lambda *_: None  # type: ignore[assignment]
    assert signed_in(team.client(), provider).status_code == 403


def test_new_keys_are_fetched_once(team: Team, provider: ProviderServer) -> None:
    """After the provider has changed its key, the next sign-in fetches the new one."""
    assert signed_in(team.client(), provider).status_code == 303
    assert signed_in(team.client(), provider).status_code == 303
    assert provider.requests.count("/jwks") == 1
    provider.key = rsa_key("second")
    assert signed_in(team.client(), provider).status_code == 303
    assert provider.requests.count("/jwks") == 2
    provider.published, provider.key = (provider.key,), rsa_key("unpublished")
    assert signed_in(team.client(), provider).status_code == 403
    assert provider.requests.count("/jwks") == 3


# The way back


def test_state_of_another_browser_is_refused(team: Team, provider: ProviderServer) -> None:
    """An attacker cannot sign a victim in as somebody else with an address that the attacker has begun."""
    attacker, victim = team.client(), team.client()
    address = local(provider.agree(begin(attacker), "ada"))
    assert victim.get(address).status_code == 403
    begin(victim)
    assert victim.get(address).status_code == 403
    assert libraries(victim) == 401


@pytest.mark.parametrize(
    "cookie", ["", "x", "e30.aaaa.bbbb", "x" * 20_000, "\xff"], ids=["none", "x", "e30", "huge", "ff"]
)
def test_damaged_cookie_is_refused(team: Team, provider: ProviderServer, cookie: str) -> None:
    """Without the signed values of the beginning there is no end."""
    client = team.client()
    address = local(provider.agree(begin(client), "ada"))
    client.cookies.clear()
    headers = {b"cookie": f"pincite_sign_in={cookie}".encode("latin-1")} if cookie else {}
    assert client.get(address, headers=headers).status_code == 403


def test_way_back_works_once(team: Team, provider: ProviderServer) -> None:
    """A copy of the address and the cookie, such as from a log, begins no second session."""
    client = team.client()
    address = local(provider.agree(begin(client), "ada"))
    copied = client.cookies["pincite_sign_in"]
    assert client.get(address).status_code == 303
    thief = team.client()
    thief.cookies.set("pincite_sign_in", copied)
    refused = thief.get(address)
    assert refused.status_code == 403
    assert "has ended already" in refused.text


def test_code_of_another_sign_in_is_refused(team: Team, provider: ProviderServer) -> None:
    """PKCE and the nonce bind the code to the browser that began: a stolen code is of no use in another one."""
    victim, thief = team.client(), team.client()
    code = parse_qs(urlsplit(provider.agree(begin(victim), "ada")).query)["code"][0]
    state = parse_qs(urlsplit(begin(thief)).query)["state"][0]
    assert thief.get("/sign-in/callback", params={"code": code, "state": state}).status_code == 403


def test_answer_of_another_issuer_is_refused(team: Team, provider: ProviderServer) -> None:
    """RFC 9207: a provider names itself in the address; another name is a mix-up."""
    client = team.client()
    address = local(provider.agree(begin(client), "ada"))
    assert client.get(f"{address}&iss=https://evil.example.org").status_code == 403


def test_person_may_decline(team: Team) -> None:
    """The provider's error is not shown: anybody can write one into an address."""
    client = team.client()
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    refused = client.get("/sign-in/callback", params={"error": "<b>call 0900</b>", "state": state})
    assert refused.status_code == 403
    assert "0900" not in refused.text


def test_session_gets_a_new_token_at_each_sign_in(team: Team, provider: ProviderServer) -> None:
    """A cookie that an attacker has put into the browser is not the session's (fixation); the old session ends."""
    client = team.client()
    client.cookies.set("pincite_session", "chosen-by-an-attacker", domain="127.0.0.1")
    signed_in(client, provider)
    first = client.cookies["pincite_session"]
    assert first != "chosen-by-an-attacker"
    signed_in(client, provider)
    assert client.cookies["pincite_session"] != first
    old = team.client()
    old.cookies.set("pincite_session", first)
    assert libraries(old) == 401


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.test/", "//evil.test/", "/\\evil.test", "\\\\evil.test", "/\t/evil.test", "/\n/evil.test",
     "javascript:alert(1)", "evil", "", "/%0d%0aSet-Cookie:x", "/l/\u202e", "/" + "x" * 5_000],
)  # fmt: skip
def test_sign_in_leads_to_own_pages_only(team: Team, provider: ProviderServer, wanted: str) -> None:
    """An address that a stranger has written does not send anybody to another site after the sign-in."""
    client = team.client()
    target = signed_in(client, provider, wanted=wanted).headers["location"]
    assert target in ("/", "/%0d%0aSet-Cookie:x")
    assert own_path(wanted) == target


# The provider fails


def test_provider_that_is_down_is_said_in_words(team: Team, provider: ProviderServer) -> None:
    """Whoever has a session goes on; a new sign-in fails with a reason, and works again when the provider is back."""
    client, other = team.client(), team.client()
    address = local(provider.agree(begin(other), "ada"))
    signed_in(client, provider)
    provider.is_down = True
    assert libraries(client) == ["open"]
    failed = other.get(address)
    assert failed.status_code == 403
    assert "does not answer" in failed.text
    provider.is_down = False
    assert signed_in(other, provider).status_code == 303


def test_provider_that_was_never_up_is_said_in_words(team: Team, provider: ProviderServer) -> None:
    """At the first sign-in its description cannot be fetched."""
    provider.is_down = True
    failed = team.client().get("/sign-in/start")
    assert failed.status_code == 502
    assert "does not answer" in failed.text
    assert "Try again" in failed.text


def test_description_of_another_provider_is_refused(team: Team, provider: ProviderServer) -> None:
    """The description must be that of the issuer in the settings."""
    provider.describe = lambda described: described.update(issuer="https://evil.example.org")
    assert team.client().get("/sign-in/start").status_code == 502
