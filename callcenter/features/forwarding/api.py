"""The door to employees' own telephones for the dialplan."""

from __future__ import annotations

from callcenter.features.forwarding.usecases import mobiles

__all__ = ["mobiles"]
