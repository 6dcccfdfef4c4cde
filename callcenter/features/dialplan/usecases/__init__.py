"""What Asterisk is told: rendering, versions, applying, the test call."""

from callcenter.features.dialplan.usecases.rendering import (
    apply_changes,
    load_directory,
    refresh_directory,
    write_config,
)

__all__ = ["apply_changes", "load_directory", "refresh_directory", "write_config"]
