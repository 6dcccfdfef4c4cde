"""Promised calls in dial lists; where clients may be and when they were called last

Revision 0022 after 0020.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_contacts_called", ["business_id", "kind", "state", "called_at", "id", "access", "responsible_id"]),
    ("ix_contacts_zone", ["business_id", "kind", "state", "zone_id"]),
)


def upgrade() -> None:
    """Adds the columns, and fills when clients were called last out of the log."""
    op.create_table(
        "contact_zones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("zones", sa.String(length=600), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_contact_zones_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_zones")),
        sa.UniqueConstraint("business_id", "zones", name=op.f("uq_contact_zones_business_id_zones")),
    )
    op.create_index(op.f("ix_contact_zones_business_id"), "contact_zones", ["business_id"])
    op.add_column("contacts", sa.Column("called_at", base.UtcDateTime(), nullable=True))
    op.add_column("contacts", sa.Column("zone_id", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE contacts SET called_at = found.at FROM (SELECT contact_id, max(started_at) AS at FROM calls "
        "WHERE direction = 'out' AND contact_id IS NOT NULL GROUP BY contact_id) AS found "
        "WHERE found.contact_id = contacts.id"
    )
    for name, columns in _INDEXES:
        op.create_index(name, "contacts", columns)
    unplaced = sa.text("zone_id IS NULL")
    op.create_index("ix_contacts_unplaced", "contacts", ["id"], sqlite_where=unplaced, postgresql_where=unplaced)
    with op.batch_alter_table("dial_entries") as batch:
        batch.add_column(sa.Column("callback_at", base.UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("callback_agent_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("callback_told", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.create_foreign_key(
            op.f("fk_dial_entries_callback_agent_id_agents"),
            "agents",
            ["callback_agent_id"],
            ["id"],
            ondelete="SET NULL",
        )
    with op.batch_alter_table("dial_entries") as batch:
        batch.alter_column("callback_told", server_default=None)
    op.create_index(op.f("ix_dial_entries_callback_agent_id"), "dial_entries", ["callback_agent_id"])
    promised = sa.text("callback_at IS NOT NULL")
    op.create_index(
        "ix_dial_entries_promised",
        "dial_entries",
        ["list_id", "callback_at"],
        sqlite_where=promised,
        postgresql_where=promised,
    )


def downgrade() -> None:
    """Takes them away."""
    op.drop_index("ix_dial_entries_promised", "dial_entries")
    op.drop_index("ix_dial_entries_callback_agent_id", "dial_entries")
    with op.batch_alter_table("dial_entries") as batch:
        for name in ("callback_told", "callback_agent_id", "callback_at"):
            batch.drop_column(name)
    op.drop_index("ix_contacts_unplaced", "contacts")
    for name, _ in _INDEXES:
        op.drop_index(name, "contacts")
    # Not in a batch: that would make the table anew, with all clients in it.
    op.drop_column("contacts", "zone_id")
    op.drop_column("contacts", "called_at")
    op.drop_table("contact_zones")
