"""Sign-in, sessions, tokens, profile, audit: over HTTP, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select, update

from callcenter.core.clock import FixedClock
from callcenter.features.accounts import jobs, rules
from callcenter.features.accounts.models import (
    ApiToken,
    AuditEntry,
    Membership,
    SignInAttempt,
    User,
    UserSession,
)
from callcenter.features.accounts.usecases import passwords
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from tests.support.house import NOW, PASSWORD, House, serve, sign_in

Client = TestClient[Any, Any]
ANNA = "operator@a.example"
FORM = {"email": ANNA, "password": PASSWORD}
BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}


async def count(db: Database, what: Any) -> int:
    async with db.system() as session:
        return int(await session.scalar(select(func.count()).select_from(what)) or 0)


async def forget(client: Client) -> None:
    client.session.cookie_jar.clear()


@pytest.mark.rule("USR-18")
async def test_sign_in_by_email_and_password(client: Client, house: House) -> None:
    answer = await client.post("/sign-in", data={**FORM, "next": "/profile"}, headers=BROWSER, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/profile")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    page = await client.get("/profile", headers=BROWSER)
    assert ANNA in await page.text()


@pytest.mark.rule("USR-18")
@pytest.mark.parametrize(
    ("email", "password"), [(ANNA, "wrong"), ("nobody@a.example", PASSWORD), (ANNA, ""), ("", ""), (ANNA, "x" * 5000)]
)
async def test_wrong_sign_in_keeps_the_email_and_does_not_say_what_was_wrong(
    client: Client, house: House, email: str, password: str
) -> None:
    answer = await client.post("/sign-in", data={"email": email, "password": password}, headers=BROWSER)
    text = await answer.text()
    assert answer.status == 422
    assert f'value="{email}"' in text
    assert 'id="main"' in text
    assert client.session.cookie_jar.filter_cookies(client.make_url("/")) == {}
    told = await client.post("/api/v1/session", json={"email": email, "password": password})
    assert told.status == 401
    assert (await told.json())["error"]["code"] == "wrong_password"


async def test_email_is_read_without_case_and_spaces(client: Client, house: House) -> None:
    assert await sign_in(client, f"  {ANNA.upper()} ")


async def test_only_hashes_are_kept(client: Client, house: House, db: Database) -> None:
    await sign_in(client, ANNA)
    cookie = next(iter(client.session.cookie_jar)).value
    async with db.system() as session:
        row = (await session.scalars(select(UserSession))).one()
        user = (await session.scalars(select(User).where(User.email == ANNA))).one()
    assert row.token_hash == rules.fingerprint(cookie) != cookie
    assert user.password_hash.startswith("$argon2id$")


async def test_an_old_hash_is_made_anew(client: Client, house: House, db: Database) -> None:
    old = passwords.PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    async with db.system() as session:
        await session.execute(update(User).where(User.email == ANNA).values(password_hash=old))
    await sign_in(client, ANNA)
    async with db.system() as session:
        fresh = await session.scalar(select(User.password_hash).where(User.email == ANNA))
    assert fresh != old
    assert (await passwords.verify(str(fresh), PASSWORD)) == (True, False)


async def test_an_unknown_email_costs_as_much_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    checked: list[str] = []

    class Spy:
        def __getattr__(self, name: str) -> Any:
            return getattr(hasher, name)

        def verify(self, stored: str, password: str) -> bool:
            checked.append(stored)
            return hasher.verify(stored, password)

    monkeypatch.setattr(passwords, "hasher", Spy())
    monkeypatch.setattr(passwords, "_stand_in", "")
    assert await passwords.verify("", "anything") == (False, False)
    assert len(checked) == 1
    assert checked[0].startswith("$argon2id$")


@pytest.mark.rule("USR-18")
async def test_failures_are_limited_for_a_person_and_the_wait_is_named(
    client: Client, house: House, clock: FixedClock
) -> None:
    for _ in range(rules.FAILURES_PER_PERSON):
        assert (await client.post("/api/v1/session", json={**FORM, "password": "wrong"})).status == 401
    refused = await client.post("/api/v1/session", json=FORM)
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "900"
    assert "15" in (await refused.json())["error"]["message"]
    page = await client.post("/sign-in", data=FORM, headers=BROWSER)
    assert page.status == 429
    assert f'value="{ANNA}"' in await page.text()
    # Others at the same address are not locked out.
    assert (await client.post("/api/v1/session", json={**FORM, "email": "owner@a.example"})).status == 201
    await forget(client)
    clock.advance(15 * 60)
    assert (await client.post("/api/v1/session", json=FORM)).status == 201


async def test_many_guesses_at_once_do_not_slip_past_the_limit(client: Client, house: House) -> None:
    guesses = (client.post("/api/v1/session", json={**FORM, "password": f"guess {n}"}) for n in range(20))
    statuses = [answer.status for answer in await asyncio.gather(*guesses)]
    assert statuses.count(401) <= rules.FAILURES_PER_PERSON
    assert set(statuses) <= {401, 429}
    assert statuses.count(429) >= 15


async def test_failures_are_limited_for_an_address(client: Client, house: House) -> None:
    for n in range(rules.FAILURES_PER_ADDRESS):
        await client.post("/api/v1/session", json={"email": f"u{n}@x.example", "password": "wrong"})
    assert (await client.post("/api/v1/session", json=FORM)).status == 429


async def test_success_forgets_the_failures(client: Client, house: House, db: Database) -> None:
    for _ in range(4):
        await client.post("/api/v1/session", json={**FORM, "password": "wrong"})
    await sign_in(client, ANNA)
    assert await count(db, SignInAttempt) == 0


async def test_who_works_nowhere_is_told_so(client: Client, house: House, db: Database) -> None:
    async with db.system() as session:
        who = house.people["operator@a"].membership_id
        await session.execute(update(Membership).where(Membership.id == who).values(status="blocked"))
    answer = await client.post("/api/v1/session", json=FORM)
    assert (answer.status, (await answer.json())["error"]["code"]) == (403, "no_business")
    assert (await client.get("/api/v1/me", headers=house.headers("operator@a"))).status == 401


async def test_a_blocked_person_is_out_at_once(client: Client, house: House, db: Database) -> None:
    await sign_in(client, ANNA)
    assert (await client.get("/api/v1/me")).status == 200
    async with db.system() as session:
        await session.execute(update(User).where(User.email == ANNA).values(active=False))
    assert (await client.get("/api/v1/me")).status == 401
    assert (await client.get("/api/v1/me", headers=house.headers("operator@a"))).status == 401


async def test_idle_and_absolute_end(client: Client, house: House, clock: FixedClock, services: Services) -> None:
    await sign_in(client, ANNA)
    for _ in range(3):
        clock.advance(rules.IDLE.total_seconds() - 60)
        assert (await client.get("/api/v1/me")).status == 200
        await jobs.write_seen(services)
    clock.advance(rules.IDLE.total_seconds() + 1)
    assert (await client.get("/api/v1/me")).status == 401
    await forget(client)
    await sign_in(client, ANNA)
    for _ in range(int(rules.ABSOLUTE / timedelta(hours=10)) + 1):
        clock.advance(10 * 3600)
        last = (await client.get("/api/v1/me")).status
        await jobs.write_seen(services)
    assert last == 401


async def test_use_is_remembered_before_it_is_written(client: Client, house: House, clock: FixedClock) -> None:
    await sign_in(client, ANNA)
    for _ in range(3):
        clock.advance(rules.IDLE.total_seconds() - 60)
        assert (await client.get("/api/v1/me")).status == 200


async def test_an_ended_session_never_leads_the_shell_away(client: Client, house: House) -> None:
    shell = await client.get("/profile", headers={"HX-Request": "true"}, allow_redirects=False)
    assert shell.status == 401
    assert shell.headers["X-Sign-In"] == "needed"
    assert shell.headers["HX-Reswap"] == "none"
    script = await client.get("/api/v1/me", allow_redirects=False)
    assert (script.status, script.headers["WWW-Authenticate"]) == (401, 'Bearer realm="callcenter"')
    typed = await client.get("/profile?x=1", headers=BROWSER, allow_redirects=False)
    assert (typed.status, typed.headers["Location"]) == (303, "/sign-in?next=%2Fprofile%3Fx%3D1")
    # The dialog signs in and goes on with the CSRF token that it is given.
    csrf = await sign_in(client, ANNA)
    again = await client.patch("/api/v1/me", json={"theme": "dark"}, headers={"X-CSRF-Token": csrf})
    assert again.status == 204


async def test_changes_by_cookie_need_the_csrf_token(client: Client, house: House) -> None:
    csrf = await sign_in(client, ANNA)
    for headers in ({}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"}):
        answer = await client.patch("/api/v1/me", json={"theme": "dark"}, headers=headers)
        assert answer.status == 403, headers
    form = await client.post("/profile", data={"name": "Anna"}, headers=BROWSER)
    assert form.status == 403
    form = await client.post("/profile", data={"name": "Anna", "_csrf": csrf}, headers=BROWSER)
    assert form.status == 200
    foreign = await client.post("/sign-in", data=FORM, headers={"Origin": "https://evil.example"})
    assert foreign.status == 403


async def test_a_token_needs_no_csrf(client: Client, house: House) -> None:
    answer = await client.patch("/api/v1/me", json={"theme": "dark"}, headers=house.headers("operator@a"))
    assert answer.status == 204


async def test_sessions_are_listed_and_revoked(client: Client, house: House, services: Services) -> None:
    csrf = {"X-CSRF-Token": await sign_in(client, ANNA)}
    jar = client.session.cookie_jar
    first = next(iter(jar)).value
    name = next(iter(jar)).key
    jar.clear()
    await sign_in(client, ANNA)
    other = next(iter(jar)).value
    jar.update_cookies({name: first}, client.make_url("/"))
    listed = await (await client.get("/api/v1/sessions")).json()
    assert [row["here"] for row in sorted(listed, key=lambda row: row["id"])] == [True, False]
    stranger = next(row["id"] for row in listed if not row["here"])
    assert (await client.delete(f"/api/v1/sessions/{stranger}", headers=csrf)).status == 204
    assert (await client.delete(f"/api/v1/sessions/{stranger}", headers=csrf)).status == 404
    jar.update_cookies({name: other}, client.make_url("/"))
    assert (await client.get("/api/v1/me")).status == 401
    jar.update_cookies({name: first}, client.make_url("/"))
    assert (await client.delete("/api/v1/sessions", headers=csrf)).status == 204
    jar.update_cookies({name: first}, client.make_url("/"))
    assert (await client.get("/api/v1/me")).status == 401


async def test_one_cannot_end_somebody_elses_session(client: Client, house: House, db: Database) -> None:
    await sign_in(client, "owner@b.example")
    await forget(client)
    csrf = await sign_in(client, "owner@a.example")
    async with db.system() as session:
        foreign = await session.scalar(
            select(UserSession.id).where(UserSession.user_id == house.people["owner@b"].user_id)
        )
    answer = await client.delete(f"/api/v1/sessions/{foreign}", headers={"X-CSRF-Token": csrf})
    assert answer.status == 404


async def test_sign_out(client: Client, house: House) -> None:
    csrf = await sign_in(client, ANNA)
    cookie = next(iter(client.session.cookie_jar))
    name, value = cookie.key, cookie.value
    answer = await client.post("/sign-out", data={"_csrf": csrf}, headers=BROWSER, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    client.session.cookie_jar.update_cookies({name: value}, client.make_url("/"))
    assert (await client.get("/api/v1/me")).status == 401


async def test_a_person_of_two_businesses_switches(client: Client, house: House, db: Database) -> None:
    person = house.people["operator@a"]
    async with db.system() as session:
        session.add(
            Membership(business_id=house.businesses["b"], user_id=person.user_id, role="supervisor", created_at=NOW)
        )
    csrf = {"X-CSRF-Token": await sign_in(client, ANNA)}
    me = await (await client.get("/api/v1/me")).json()
    assert (me["business"]["id"], me["role"], len(me["businesses"])) == (house.businesses["a"], "operator", 2)
    switch = await client.put("/api/v1/session/business", json={"business_id": house.businesses["b"]}, headers=csrf)
    assert switch.status == 204
    me = await (await client.get("/api/v1/me")).json()
    assert (me["business"]["id"], me["role"], me["agent_id"]) == (house.businesses["b"], "supervisor", None)
    switch = await client.put("/api/v1/session/business", json={"business_id": 999}, headers=csrf)
    assert switch.status == 404
    # The next sign-in begins where the last one worked.
    await forget(client)
    await sign_in(client, ANNA)
    assert (await (await client.get("/api/v1/me")).json())["business"]["id"] == house.businesses["b"]
    # Taken out of it, he is back in the first one.
    async with db.system() as session:
        gone = (Membership.user_id == person.user_id) & (Membership.business_id == house.businesses["b"])
        await session.execute(update(Membership).where(gone).values(status="blocked"))
    assert (await (await client.get("/api/v1/me")).json())["business"]["id"] == house.businesses["a"]


@pytest.mark.rule("PLT-05")
async def test_tokens_are_made_listed_used_and_revoked(client: Client, house: House, clock: FixedClock) -> None:
    csrf = {"X-CSRF-Token": await sign_in(client, ANNA)}
    made = await client.post("/api/v1/tokens", json={"name": "robot", "days": 2, "scopes": ["calls.own"]}, headers=csrf)
    assert made.status == 201
    body = await made.json()
    bearer = {"Authorization": f"Bearer {body['secret']}"}
    me = await (await client.get("/api/v1/me", headers=bearer)).json()
    assert (me["via"], me["permissions"], me["csrf"]) == ("token", ["calls.own", "signed_in"], None)
    assert (await client.get("/api/v1/queues", headers=bearer)).status == 403
    listed = await (await client.get("/api/v1/tokens")).json()
    assert {row["name"] for row in listed} == {"tests", "robot"}
    assert all("secret" not in row and "token_hash" not in row for row in listed)
    clock.advance(2 * 86400)
    assert (await client.get("/api/v1/me", headers=bearer)).status == 401
    lasting = await client.post("/api/v1/tokens", json={"name": "x", "days": None}, headers=csrf)
    assert lasting.status == 401, "the session was idle for two days"
    csrf = {"X-CSRF-Token": await sign_in(client, ANNA)}
    lasting = await client.post("/api/v1/tokens", json={"name": "x", "days": None}, headers=csrf)
    body = await lasting.json()
    bearer = {"Authorization": f"Bearer {body['secret']}"}
    assert (await client.get("/api/v1/me", headers=bearer)).status == 200
    assert (await client.delete(f"/api/v1/tokens/{body['token']['id']}", headers=csrf)).status == 204
    assert (await client.get("/api/v1/me", headers=bearer)).status == 401


@pytest.mark.rule("PLT-05")
async def test_a_token_is_never_wider_than_its_maker(client: Client, house: House) -> None:
    asked = await client.post(
        "/api/v1/tokens", json={"name": "x", "scopes": ["team.edit"]}, headers=house.headers("operator@a")
    )
    assert asked.status == 422
    narrow = await client.post(
        "/api/v1/tokens", json={"name": "n", "scopes": ["calls.own"]}, headers=house.headers("operator@a")
    )
    bearer = {"Authorization": f"Bearer {(await narrow.json())['secret']}"}
    child = await client.post("/api/v1/tokens", json={"name": "child"}, headers=bearer)
    bearer = {"Authorization": f"Bearer {(await child.json())['secret']}"}
    me = await (await client.get("/api/v1/me", headers=bearer)).json()
    assert me["permissions"] == ["calls.own", "signed_in"]


async def test_tokens_of_others_cannot_be_revoked(client: Client, house: House, db: Database) -> None:
    async with db.system() as session:
        mate = await session.scalar(select(ApiToken.id).where(ApiToken.user_id == house.people["owner@a"].user_id))
        stranger = await session.scalar(select(ApiToken.id).where(ApiToken.user_id == house.people["owner@b"].user_id))
    for token in (mate, stranger, 999):
        answer = await client.delete(f"/api/v1/tokens/{token}", headers=house.headers("operator@a"))
        assert answer.status == 404


@pytest.mark.parametrize("secret", ["", "wrong", "cc_" + "x" * 43, "é"])
async def test_a_bad_token_is_refused_even_beside_a_good_cookie(client: Client, house: House, secret: str) -> None:
    await sign_in(client, ANNA)
    answer = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}".encode().decode("latin-1")})
    assert answer.status in (400, 401)


async def test_token_page(client: Client, house: House) -> None:
    csrf = await sign_in(client, ANNA)
    wrong = await client.post("/profile/tokens", data={"name": "", "days": "x", "_csrf": csrf}, headers=BROWSER)
    assert wrong.status == 422
    made = await client.post(
        "/profile/tokens", data={"name": "crm", "days": "", "scopes": "calls.own", "_csrf": csrf}, headers=BROWSER
    )
    text = await made.text()
    assert "cc_" in text
    assert 'id="token-secret"' in text
    assert 'id="token-secret"' not in await (await client.get("/profile/tokens", headers=BROWSER)).text()


async def test_the_password_is_changed_and_other_sign_ins_end(client: Client, house: House) -> None:
    await sign_in(client, ANNA)
    jar = client.session.cookie_jar
    name, old_cookie = next(iter(jar)).key, next(iter(jar)).value
    jar.clear()
    csrf = await sign_in(client, ANNA)
    headers = {"X-CSRF-Token": csrf}
    for old, new, field in (("wrong", "New-pass-123", "old"), (PASSWORD, "short", "new")):
        answer = await client.post("/api/v1/me/password", json={"old": old, "new": new}, headers=headers)
        assert answer.status == 422
        assert field in (await answer.json())["error"]["fields"]
    done = await client.post("/api/v1/me/password", json={"old": PASSWORD, "new": "New-pass-123"}, headers=headers)
    assert done.status == 204
    assert (await client.get("/api/v1/me")).status == 200
    jar.update_cookies({name: old_cookie}, client.make_url("/"))
    assert (await client.get("/api/v1/me")).status == 401
    await forget(client)
    assert (await client.post("/api/v1/session", json=FORM)).status == 401
    assert await sign_in(client, ANNA, "New-pass-123")


async def test_guessing_the_present_password_is_limited(client: Client, house: House) -> None:
    headers = {"X-CSRF-Token": await sign_in(client, ANNA)}
    wish = {"old": "wrong", "new": "New-pass-123"}
    for _ in range(rules.FAILURES_PER_PERSON):
        assert (await client.post("/api/v1/me/password", json=wish, headers=headers)).status == 422
    assert (await client.post("/api/v1/me/password", json=wish, headers=headers)).status == 429


async def test_profile_form_keeps_what_was_typed(client: Client, house: House) -> None:
    csrf = await sign_in(client, ANNA)
    wrong = await client.post(
        "/profile", data={"name": "Typed Name", "timezone": "Moon/Base", "_csrf": csrf}, headers=BROWSER
    )
    text = await wrong.text()
    assert wrong.status == 422
    assert 'value="Typed Name"' in text
    right = await client.post(
        "/profile",
        data={"name": "Анна <b>", "timezone": "Asia/Tokyo", "language": "en", "theme": "dark", "_csrf": csrf},
        headers=BROWSER,
    )
    text = await right.text()
    assert "Анна &lt;b&gt;" in text
    assert 'lang="en"' in text
    assert 'data-theme="dark"' in text


async def test_deeds_stand_in_the_audit_log(client: Client, house: House, db: Database) -> None:
    headers = {"X-CSRF-Token": await sign_in(client, ANNA)}
    await client.post("/api/v1/tokens", json={"name": "robot"}, headers=headers)
    async with db.business(house.businesses["a"]) as session:
        rows = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    assert [row.action for row in rows] == ["sign_in", "token.create"]
    assert {row.ip for row in rows} == {"127.0.0.1"}
    assert {row.user_id for row in rows} == {house.people["operator@a"].user_id}
    async with db.business(house.businesses["b"]) as session:
        assert (await session.scalars(select(AuditEntry))).all() == []


async def test_upkeep_deletes_what_ended_long_ago(
    client: Client, house: House, db: Database, clock: FixedClock, services: Services
) -> None:
    await sign_in(client, ANNA)
    await client.post("/api/v1/session", json={**FORM, "password": "wrong"})
    await jobs.clean(services)
    assert (await count(db, UserSession), await count(db, SignInAttempt)) == (1, 1)
    clock.advance((rules.ABSOLUTE + jobs.KEEP).total_seconds() + 1)
    await jobs.clean(services)
    assert (await count(db, UserSession), await count(db, SignInAttempt)) == (0, 0)
    assert await count(db, ApiToken) == 10


@pytest.mark.parametrize(("trusted", "kept"), [("", "127.0.0.1"), ("10.0.0.1, 127.0.0.1", "203.0.113.9")])
async def test_the_address_behind_a_proxy_is_believed_from_a_trusted_one_only(
    services: Services, house: House, db: Database, trusted: str, kept: str
) -> None:
    services.settings = msgspec.structs.replace(services.settings, trusted_proxies=trusted)
    behind = await serve(services)
    try:
        # The client says the first address, the proxy adds the second.
        forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
        assert (await behind.post("/api/v1/session", json=FORM, headers=forwarded)).status == 201
    finally:
        await behind.close()
    async with db.system() as session:
        assert (await session.scalars(select(UserSession.ip))).all() == [kept]


async def test_the_cookie_is_secure_where_people_come_by_https(services: Services, house: House) -> None:
    services.settings = msgspec.structs.replace(services.settings, public_url="https://calls.example")
    behind = await serve(services)
    try:
        answer = await behind.post("/api/v1/session", json=FORM, headers={"Origin": "https://calls.example"})
        assert answer.status == 201
        assert "Secure" in answer.headers["Set-Cookie"]
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        assert "wss://calls.example" in answer.headers["Content-Security-Policy"]
    finally:
        await behind.close()
