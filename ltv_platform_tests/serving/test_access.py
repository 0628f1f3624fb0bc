"""Who may ask: tokens and scopes, hosts, other sites, the dashboard's cookie."""

import pytest
from fastapi import Depends, FastAPI, Request

from ltv_platform.serving import logs
from ltv_platform.serving.access import require
from ltv_platform.serving.sign_in import require_page
from ltv_platform.serving.tokens import create_token, revoke_token
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.http import ADDRESS, client


def _routes(app: FastAPI) -> None:
    """A figure, an intake and a page, as the real routes are guarded."""

    @app.get("/v0/figures")
    def figures(request: Request) -> dict[str, str]:
        return {"token": require(request, "READ:figures")}

    @app.post("/v0/intake")
    def intake(request: Request) -> dict[str, str]:
        return {"token": require(request, "APPEND:intake")}

    @app.get("/page", dependencies=[Depends(require_page)])
    def page() -> str:
        return "the page"


def test_without_tokens_everybody_on_this_machine_may_ask(settings: Settings) -> None:
    """Any presented token is accepted, or none."""
    asking = client(settings, prepare=_routes)
    for headers in ({}, {"Authorization": "Bearer anything"}):
        assert asking.get("/v0/figures", headers=headers).json() == {"token": ""}
    assert asking.get("/v0/figures?token=p.anything").status_code == 200
    assert asking.post("/v0/intake").status_code == 200
    assert asking.get("/page").json() == "the page"


def test_beyond_loopback_nobody_may_ask_without_a_token(settings: Settings) -> None:
    """Even if the server was started like that by another program."""
    answer = client(settings, loopback=False, prepare=_routes).get("/v0/figures")
    assert answer.status_code == 403
    assert answer.json() == {
        "error": "This needs a token. Send it as `Authorization: Bearer TOKEN` or as "
        "`?token=TOKEN`.",
        "documentation": "/docs#tokens",
    }


def test_the_first_token_closes_a_running_server(settings: Settings) -> None:
    """And revoking it does not open it again."""
    asking = client(settings, prepare=_routes)
    assert asking.get("/v0/figures").status_code == 200
    token = create_token(settings, "a", ["READ:figures"])
    assert asking.get("/v0/figures").status_code == 403
    bearer = {"Authorization": f"Bearer {token}"}
    assert asking.get("/v0/figures", headers=bearer).json() == {"token": "a"}
    assert asking.get(f"/v0/figures?token={token}").json() == {"token": "a"}
    revoke_token(settings, "a")
    answer = asking.get("/v0/figures", headers=bearer)
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("The token is unknown or revoked.")


def test_a_scope_that_is_missing_is_named(settings: Settings) -> None:
    """403 with what the token has."""
    token = create_token(settings, "shop", ["READ:figures", "READ:others"])
    answer = client(settings, token=token, prepare=_routes).post("/v0/intake")
    assert answer.status_code == 403
    assert answer.json()["error"] == (
        "The token shop does not have the scope APPEND:intake. It has READ:figures, READ:others."
    )


def test_a_damaged_file_of_tokens_lets_nobody_in(settings: Settings) -> None:
    """503, and what to do."""
    token = create_token(settings, "a", ["ADMIN"])
    asking = client(settings, token=token, prepare=_routes)
    settings.tokens_path.write_text("[", "utf-8")
    answer = asking.get("/v0/figures")
    assert answer.status_code == 503
    assert "tokens.json cannot be read" in answer.json()["error"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8123", "127.0.0.1.evil.example"])
def test_a_name_that_points_here_is_refused(settings: Settings, host: str) -> None:
    """DNS rebinding: a page of an attacker's host that suddenly has our address."""
    answer = client(settings).get("/healthz", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["error"].startswith(
        f"Without tokens, this server answers only to names of this machine, not to '{host}'."
    )


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_proxy_needs_a_token(settings: Settings, header: str) -> None:
    """It lets other machines in, under the name of this one."""
    forwarded = {header: "192.0.2.1"}
    answer = client(settings).get("/healthz", headers=forwarded)
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("The request comes through a proxy")
    token = create_token(settings, "a", ["READ:figures"])
    asking = client(settings, token=token, prepare=_routes)
    assert asking.get("/v0/figures", headers=forwarded).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8123", "127.0.0.1", "[::1]:8123", "127.0.0.2:1"])
def test_names_of_this_machine_are_accepted(settings: Settings, host: str) -> None:
    """With any port: it may be forwarded."""
    assert client(settings).get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_a_form_of_another_site_cannot_send_events(
    settings: Settings, headers: dict[str, str]
) -> None:
    """A browser sends such a form without asking anybody."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client(settings, prepare=_routes).post("/v0/intake", headers=headers | form)
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("A page of another site sends this request.")


def test_programs_and_pages_of_ours_are_not_another_site(settings: Settings) -> None:
    """No header at all, or our own origin; and links from elsewhere may lead here."""
    asking = client(settings, prepare=_routes)
    # Browsers hide the origin of a form on a page without referrers.
    form = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Origin": "null"}
    for headers in ({}, {"Origin": ADDRESS}, {"Sec-Fetch-Site": "same-origin"}, form):
        assert asking.post("/v0/intake", headers=headers).status_code == 200
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert asking.get("/page", headers=link).status_code == 200


def test_a_token_of_its_own_makes_it_no_browser(settings: Settings) -> None:
    """Whoever has the token needs no cross-site request; but no answer allows CORS."""
    token = create_token(settings, "a", ["APPEND:intake"])
    asking = client(settings, token=token, prepare=_routes)
    answer = asking.post("/v0/intake", headers={"Origin": "https://shop.example"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_page_takes_the_token_out_of_the_address(settings: Settings) -> None:
    """Into a cookie that neither scripts nor other sites can use."""
    token = create_token(settings, "marketing", ["READ:dashboard"])
    browser = client(settings, prepare=_routes)
    first = browser.get(f"/page?from=2026-01-01&token={token}&grain=week")
    assert first.status_code == 303
    assert first.headers["location"] == "/page?from=2026-01-01&grain=week"
    cookie = first.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert token in cookie
    assert browser.get("/page").json() == "the page"
    # The cookie counts for reading alone.
    assert browser.get("/v0/figures").status_code == 403
    assert browser.post("/v0/intake").json()["error"].startswith("This needs a token.")


def test_the_cookie_does_not_work_for_other_sites(settings: Settings) -> None:
    """Another port of this machine is the same site for cookies."""
    browser = client(settings, prepare=_routes)
    browser.cookies.set("ltv_token", create_token(settings, "a", ["ADMIN"]))
    assert browser.get("/v0/figures").json() == {"token": "a"}
    answer = browser.get("/v0/figures", headers={"Sec-Fetch-Site": "same-site"})
    assert answer.status_code == 403


def test_the_cookie_is_kept_to_https_behind_a_proxy(settings: Settings) -> None:
    """Where the page came by https, so must the cookie."""
    token = create_token(settings, "a", ["ADMIN"])
    browser = client(settings, prepare=_routes)
    browser.base_url = ADDRESS.replace("http", "https")
    assert "Secure" in browser.get(f"/page?token={token}").headers["set-cookie"].split("; ")


def test_signing_in(settings: Settings) -> None:
    """The page says what is needed, and leads to the page that was asked for."""
    token = create_token(settings, "a", ["READ:dashboard"])
    other = create_token(settings, "b", ["READ:figures"])
    browser = client(settings, prepare=_routes)
    asked = browser.get("/page?campaign=<c>")
    assert asked.status_code == 403
    assert asked.headers["content-type"].startswith("text/html")
    assert 'value="/page?campaign=%3Cc%3E"' in asked.text
    assert "wrong" not in asked.text
    assert '<meta name="referrer" content="same-origin">' in asked.text
    for given in ("", "nonsense", other):
        refused = browser.post("/sign-in", data={"token": given, "to": "/page"})
        assert refused.status_code == 403
        assert "This is not a token with the scope ADMIN or READ:dashboard." in refused.text
    entered = browser.post("/sign-in", data={"token": token, "to": "/page?a=1"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/page?a=1")
    assert browser.get("/page").status_code == 200
    assert browser.get("/sign-in?to=/page").headers["location"] == "/page"
    browser.post("/sign-out")
    assert browser.get("/page").status_code == 403


def test_the_page_says_what_is_wrong_with_a_token(settings: Settings) -> None:
    """In the address too."""
    other = create_token(settings, "b", ["READ:figures"])
    browser = client(settings, prepare=_routes)
    text = browser.get(f"/page?token={other}").text
    assert "The token b may not see the dashboard: it needs READ:dashboard." in text
    assert "The token is unknown or revoked." in browser.get("/page?token=nonsense").text


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_signing_in_leads_nowhere_else(settings: Settings, target: str) -> None:
    """An address from outside must not choose where the browser goes."""
    token = create_token(settings, "a", ["ADMIN"])
    browser = client(settings)
    entered = browser.post("/sign-in", data={"token": token, "to": target})
    assert entered.headers["location"] == "/"


def test_a_link_from_elsewhere_finds_the_cookie_again(settings: Settings) -> None:
    """A strict cookie is not sent after a link, but is from a page of ours."""
    create_token(settings, "a", ["ADMIN"])
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = client(settings, prepare=_routes).get("/page?a=1", headers=link)
    assert answer.status_code == 200
    assert 'http-equiv="refresh" content="0;url=/sign-in?to=%2Fpage%3Fa%3D1"' in answer.text


@pytest.mark.parametrize("name", ["figures", "intake"])
def test_tokens_are_never_logged(
    settings: Settings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither by the access log nor with the traceback of an error that quotes the address."""
    token = create_token(settings, "a", ["ADMIN"])

    def broken(app: FastAPI) -> None:
        @app.get(f"/v0/{name}")
        def fails(request: Request) -> None:
            raise KeyError(f"{request.url} with {request.headers['authorization']}")

    caplog.set_level("INFO")
    headers = {"Authorization": f"Bearer {token}"}
    answer = client(settings, prepare=broken).get(f"/v0/{name}?token=p.other", headers=headers)
    assert answer.status_code == 500
    formatter = logs.Redacting()
    logged = "\n".join(map(formatter.format, caplog.records))
    assert "KeyError" in logged
    assert f"GET /v0/{name} 500" in logged
    assert token not in logged
    assert "p.other" not in logged
    assert token not in answer.text
