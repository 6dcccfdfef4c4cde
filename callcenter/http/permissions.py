"""Roles and named permissions; which role has which is this one table (owner > administrator > supervisor …)."""

from __future__ import annotations

from typing import Literal

from callcenter.core.i18n import N_

Role = Literal["owner", "administrator", "supervisor", "operator", "guest"]
ROLES: tuple[Role, ...] = ("owner", "administrator", "supervisor", "operator", "guest")

SIGNED_IN = "signed_in"
CALLS_OWN = "calls.own"
CALLS_ALL = "calls.all"
CALLS_DIAL = "calls.dial"
CALLS_SUPERVISE = "calls.supervise"
RECORDINGS_OWN = "recordings.own"
RECORDINGS_ALL = "recordings.all"
PHONE_USE = "phone.use"
WALLBOARD = "wallboard.see"
AGENTS_SEE = "agents.see"
NUMBERS_SEE = "numbers.see"
NUMBERS_EDIT = "numbers.edit"
QUEUES_SEE = "queues.see"
QUEUES_EDIT = "queues.edit"
CONTACTS_SEE = "contacts.see"
CONTACTS_EDIT = "contacts.edit"
CONTACTS_ALL = "contacts.all"
CONTACTS_IMPORT = "contacts.import"
CONTACTS_EXPORT = "contacts.export"
CONTACTS_SETUP = "contacts.setup"
PRIVACY = "privacy.manage"
AUDIT_SEE = "audit.see"
CAMPAIGNS = "campaigns.manage"
TEAM_EDIT = "team.edit"
SETTINGS_EDIT = "settings.edit"

_OPERATOR = frozenset(
    {
        SIGNED_IN,
        CALLS_OWN,
        CALLS_DIAL,
        RECORDINGS_OWN,
        PHONE_USE,
        CONTACTS_SEE,
        CONTACTS_EDIT,
        CONTACTS_IMPORT,
        QUEUES_SEE,
        AGENTS_SEE,
        NUMBERS_SEE,
    }
)
_SUPERVISOR = _OPERATOR | {CALLS_ALL, CALLS_SUPERVISE, RECORDINGS_ALL, WALLBOARD, CAMPAIGNS, CONTACTS_ALL}
_ADMINISTRATOR = _SUPERVISOR | {
    NUMBERS_EDIT,
    QUEUES_EDIT,
    TEAM_EDIT,
    SETTINGS_EDIT,
    CONTACTS_EXPORT,
    CONTACTS_SETUP,
    PRIVACY,
    AUDIT_SEE,
}

ROLE_PERMISSIONS: dict[Role, frozenset[str]] = {
    "owner": _ADMINISTRATOR,
    "administrator": _ADMINISTRATOR,
    "supervisor": _SUPERVISOR,
    "operator": _OPERATOR,
    "guest": frozenset({SIGNED_IN}),
}
# What each permission is called where people choose; without SIGNED_IN, which everybody has.
TITLES: dict[str, str] = {
    CALLS_OWN: N_("See own calls"),
    CALLS_ALL: N_("See all calls of the company"),
    CALLS_DIAL: N_("Make calls"),
    CALLS_SUPERVISE: N_("Listen in, whisper and join; hang up and redirect any call"),
    RECORDINGS_OWN: N_("Listen to own recordings"),
    RECORDINGS_ALL: N_("Listen to all recordings"),
    PHONE_USE: N_("Use the phone"),
    WALLBOARD: N_("See the wallboard"),
    AGENTS_SEE: N_("See the team"),
    NUMBERS_SEE: N_("See numbers"),
    NUMBERS_EDIT: N_("Change numbers"),
    QUEUES_SEE: N_("See queues"),
    QUEUES_EDIT: N_("Change queues"),
    CONTACTS_SEE: N_("See clients"),
    CONTACTS_EDIT: N_("Add and change clients"),
    CONTACTS_ALL: N_("See and change the clients of all employees"),
    CONTACTS_IMPORT: N_("Load clients from files"),
    CONTACTS_EXPORT: N_("Export clients"),
    CONTACTS_SETUP: N_("Set up client cards, lists and web forms"),
    PRIVACY: N_("Give out and erase personal data"),
    AUDIT_SEE: N_("See the audit log"),
    CAMPAIGNS: N_("Manage ad campaigns"),
    TEAM_EDIT: N_("Change the team"),
    SETTINGS_EDIT: N_("Change the company's settings"),
}
ALL = frozenset().union(*ROLE_PERMISSIONS.values())
