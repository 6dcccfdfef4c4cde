"""Large tables without an index of the business alone

Revision 0006 after 0005. Other indexes of theirs find what is wanted; SQLite took this one before a narrower one.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    "agent_state_spans", "audit_entries", "call_agents", "call_legs", "call_quality", "call_steps", "calls",
    "contact_channels", "contact_consents", "contact_events", "contact_files", "contact_list_members",
    "contact_managers", "contact_phones", "contact_tags", "contact_values", "contacts", "duplicate_members",
    "import_rows",
)  # fmt: skip


def upgrade() -> None:
    """Drops them."""
    for table in _TABLES:
        op.drop_index(f"ix_{table}_business_id", table)


def downgrade() -> None:
    """Makes them again."""
    for table in _TABLES:
        op.create_index(f"ix_{table}_business_id", table, ["business_id"])
