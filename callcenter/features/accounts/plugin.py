"""Accounts: sign-in, sessions, profile, tokens."""

from __future__ import annotations

from callcenter.features.accounts import jobs
from callcenter.features.accounts.pages import entrance, profile, tokens
from callcenter.features.accounts.pages.common import Me
from callcenter.http.permissions import SIGNED_IN
from callcenter.http.routes import Route
from callcenter.plugin import Feature, Job

_NUMBER = r"{id:\d{1,18}}"

FEATURE = Feature(
    name="accounts",
    routes=(
        # Open: nobody is signed in yet.
        Route("GET", "/sign-in", entrance.show, None),
        Route("POST", "/sign-in", entrance.submit, None),
        Route("GET", "/language", entrance.language, None),
        Route(
            "POST",
            "/api/v1/session",
            entrance.create,
            None,
            summary="Sign in; the session comes as a cookie",
            body=entrance.Credentials,
            returns=Me,
            status=201,
        ),
        Route("DELETE", "/api/v1/session", entrance.delete, SIGNED_IN, summary="Sign out", status=204),
        Route(
            "PUT",
            "/api/v1/session/business",
            entrance.choose_business,
            SIGNED_IN,
            summary="Work in another of one's businesses",
            body=entrance.Choice,
            status=204,
        ),
        Route("POST", "/sign-out", entrance.leave, SIGNED_IN),
        Route("POST", "/business", entrance.switch_business, SIGNED_IN),
        Route("GET", "/api/v1/me", profile.get_me, SIGNED_IN, summary="Who am I", returns=Me),
        Route(
            "PATCH",
            "/api/v1/me",
            profile.patch_me,
            SIGNED_IN,
            summary="Change one's profile",
            body=profile.ProfilePatch,
            status=204,
        ),
        Route(
            "POST",
            "/api/v1/me/password",
            profile.password,
            SIGNED_IN,
            summary="Change one's password; other sign-ins end",
            body=profile.PasswordChange,
            status=204,
        ),
        Route(
            "GET",
            "/api/v1/sessions",
            profile.list_sessions,
            SIGNED_IN,
            summary="One's sign-ins",
            returns=list[profile.SignInView],
        ),
        Route("DELETE", "/api/v1/sessions", profile.end_all, SIGNED_IN, summary="Sign out everywhere", status=204),
        Route(
            "DELETE", f"/api/v1/sessions/{_NUMBER}", profile.end_session, SIGNED_IN, summary="End a sign-in", status=204
        ),
        Route("GET", "/profile", profile.show, SIGNED_IN),
        Route("POST", "/profile", profile.save, SIGNED_IN),
        Route("POST", "/profile/password", profile.save_password, SIGNED_IN),
        Route("POST", f"/profile/sessions/{_NUMBER}/end", profile.end_one, SIGNED_IN),
        Route("POST", "/profile/sessions/end-others", profile.end_others, SIGNED_IN),
        Route("POST", "/profile/sessions/end-all", profile.leave_everywhere, SIGNED_IN),
        Route(
            "GET",
            "/api/v1/tokens",
            tokens.listing,
            SIGNED_IN,
            summary="One's API tokens",
            returns=list[tokens.TokenView],
        ),
        Route(
            "POST",
            "/api/v1/tokens",
            tokens.create,
            SIGNED_IN,
            summary="Make an API token",
            body=tokens.NewToken,
            returns=tokens.MadeToken,
            status=201,
        ),
        Route("DELETE", f"/api/v1/tokens/{_NUMBER}", tokens.delete, SIGNED_IN, summary="Revoke a token", status=204),
        Route("GET", "/profile/tokens", tokens.show, SIGNED_IN),
        Route("POST", "/profile/tokens", tokens.add, SIGNED_IN),
        Route("POST", f"/profile/tokens/{_NUMBER}/revoke", tokens.remove, SIGNED_IN),
    ),
    jobs=(
        Job("accounts.seen", jobs.write_seen, every=30, first=30),
        Job("accounts.clean", jobs.clean, every=3600, first=60),
    ),
    on_start=jobs.prepare,
    on_stop=jobs.write_seen,
)
