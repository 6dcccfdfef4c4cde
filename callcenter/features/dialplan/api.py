"""The door to Asterisk's configuration for the command line and the demo."""

from __future__ import annotations

from callcenter.features.dialplan.usecases import load_directory, write_config

__all__ = ["load_directory", "write_config"]
