"""The door to privacy for other features: each says what it holds on a person and how it is erased."""

from __future__ import annotations

from callcenter.features.privacy.rules import marker
from callcenter.features.privacy.usecases.parts import Held, Part, Person, add_part, as_json

__all__ = ["Held", "Part", "Person", "add_part", "as_json", "marker"]
