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
CALLS_CLOSE = "calls.close"
DIALER_USE = "dialer.use"
RECORDINGS_OWN = "recordings.own"
RECORDINGS_ALL = "recordings.all"
PHONE_USE = "phone.use"
WALLBOARD = "wallboard.see"
SURVEYS_SEE = "surveys.see"
SCRIPTS_EDIT = "scripts.edit"
QUESTIONNAIRES_EDIT = "questionnaires.edit"
AGENTS_SEE = "agents.see"
NUMBERS_SEE = "numbers.see"
NUMBERS_EDIT = "numbers.edit"
PROMPTS_EDIT = "prompts.edit"
QUEUES_SEE = "queues.see"
QUEUES_EDIT = "queues.edit"
ROUTING_APPLY = "routing.apply"
ROUTING_OWN = "routing.own"
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
        DIALER_USE,
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
_SUPERVISOR = _OPERATOR | {
    CALLS_ALL,
    CALLS_SUPERVISE,
    CALLS_CLOSE,
    RECORDINGS_ALL,
    WALLBOARD,
    SURVEYS_SEE,
    SCRIPTS_EDIT,
    CAMPAIGNS,
    CONTACTS_ALL,
}
_ADMINISTRATOR = _SUPERVISOR | {
    NUMBERS_EDIT,
    PROMPTS_EDIT,
    QUESTIONNAIRES_EDIT,
    QUEUES_EDIT,
    ROUTING_APPLY,
    TEAM_EDIT,
    SETTINGS_EDIT,
    CONTACTS_EXPORT,
    CONTACTS_SETUP,
    PRIVACY,
    AUDIT_SEE,
}

ROLE_PERMISSIONS: dict[Role, frozenset[str]] = {
    # Own dialplan is a program that runs in the telephone system.
    "owner": _ADMINISTRATOR | {ROUTING_OWN},
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
    CALLS_CLOSE: N_("Close the company for callers in an emergency"),
    DIALER_USE: N_("Make dial lists and call by them"),
    RECORDINGS_OWN: N_("Listen to own recordings"),
    RECORDINGS_ALL: N_("Listen to all recordings"),
    PHONE_USE: N_("Use the phone"),
    WALLBOARD: N_("See the wallboard"),
    SURVEYS_SEE: N_("See what clients answered after talks"),
    SCRIPTS_EDIT: N_("Change scripts of talks"),
    QUESTIONNAIRES_EDIT: N_("Change questionnaires"),
    AGENTS_SEE: N_("See the team"),
    NUMBERS_SEE: N_("See numbers"),
    NUMBERS_EDIT: N_("Change numbers"),
    PROMPTS_EDIT: N_("Change what callers hear"),
    QUEUES_SEE: N_("See queues"),
    QUEUES_EDIT: N_("Change queues"),
    ROUTING_APPLY: N_("Apply changes of the call routing and bring versions back"),
    ROUTING_OWN: N_("Write own pieces of the dialplan"),
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
