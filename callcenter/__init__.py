"""A call centre beside Asterisk: telephony, agent desk, wallboard, call log and the CRM that stands on it."""

__version__ = "0.1.0"
