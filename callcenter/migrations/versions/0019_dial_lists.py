"""Dial lists, their clients, attempts to call them, numbers that must not be called

Revision 0019 after 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "do_not_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("e164", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("added_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"], ["memberships.id"], name=op.f("fk_do_not_call_added_by_memberships"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_do_not_call_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_do_not_call")),
        sa.UniqueConstraint("business_id", "e164", name=op.f("uq_do_not_call_business_id_e164")),
    )
    op.create_table(
        "dial_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("pause", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("creator_id", sa.Integer(), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("number_id", sa.Integer(), nullable=True),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("filled", sa.Boolean(), nullable=False),
        sa.Column("retry", sa.JSON(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("next_at", base.UtcDateTime(), nullable=True),
        sa.Column("rest_from", base.UtcDateTime(), nullable=True),
        sa.Column("rest_call", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("why_values", sa.JSON(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("started_at", base.UtcDateTime(), nullable=True),
        sa.Column("ended_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_dial_lists_agent_id_agents"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_dial_lists_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["creator_id"], ["memberships.id"], name=op.f("fk_dial_lists_creator_id_memberships"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["number_id"], ["numbers.id"], name=op.f("fk_dial_lists_number_id_numbers"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_lists")),
    )
    op.create_index(op.f("ix_dial_lists_agent_id"), "dial_lists", ["agent_id"])
    op.create_index("ix_dial_lists_made", "dial_lists", ["business_id", "created_at"])
    op.create_index("ix_dial_lists_status", "dial_lists", ["status", "business_id"])
    op.create_table(
        "dial_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("phone", sa.Integer(), nullable=False),
        sa.Column("next_at", base.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("changed_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_dial_entries_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_dial_entries_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["dial_lists.id"], name=op.f("fk_dial_entries_list_id_dial_lists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_entries")),
    )
    op.create_index("ix_dial_entries_contact", "dial_entries", ["contact_id", "list_id"])
    op.create_index("ix_dial_entries_due", "dial_entries", ["list_id", "state", "position"])
    op.create_index("ix_dial_entries_later", "dial_entries", ["list_id", "state", "next_at"])
    op.create_table(
        "dial_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("placed_at", base.UtcDateTime(), nullable=False),
        sa.Column("answered_at", base.UtcDateTime(), nullable=True),
        sa.Column("closed_at", base.UtcDateTime(), nullable=True),
        sa.Column("talk_seconds", sa.Double(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_dial_attempts_agent_id_agents"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_dial_attempts_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["dial_entries.id"], name=op.f("fk_dial_attempts_entry_id_dial_entries"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["dial_lists.id"], name=op.f("fk_dial_attempts_list_id_dial_lists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_attempts")),
        sa.UniqueConstraint("call_id", name=op.f("uq_dial_attempts_call_id")),
    )
    op.create_index(op.f("ix_dial_attempts_entry_id"), "dial_attempts", ["entry_id"])
    op.create_index("ix_dial_attempts_list", "dial_attempts", ["list_id", "placed_at"])
    op.create_index("ix_dial_attempts_open", "dial_attempts", ["closed_at", "list_id"])


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("dial_attempts")
    op.drop_table("dial_entries")
    op.drop_table("dial_lists")
    op.drop_table("do_not_call")
