"""Versions of how calls are routed, and own pieces of the dialplan

Revision 0013 after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds both. Each business gets its first version, made of its tables, when the server starts."""
    op.create_table(
        "routing_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("reason_values", sa.JSON(), nullable=False),
        sa.Column("canary", sa.JSON(), nullable=False),
        sa.Column("applied_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_routing_versions_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_routing_versions_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_versions")),
        sa.UniqueConstraint("business_id", "number", name=op.f("uq_routing_versions_business_id_number")),
    )
    op.create_index("ix_routing_versions_business_id", "routing_versions", ["business_id"])
    op.create_table(
        "routing_own",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_routing_own_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_own")),
        sa.UniqueConstraint("business_id", name=op.f("uq_routing_own_business_id")),
    )
    op.create_index("ix_routing_own_business_id", "routing_own", ["business_id"])
    op.create_table(
        "routing_paths",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("at", base.UtcDateTime(), nullable=False),
        sa.Column("keys", sa.String(length=40), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_routing_paths_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["number_id"], ["numbers.id"], name=op.f("fk_routing_paths_number_id_numbers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_paths")),
    )
    op.create_index("ix_routing_paths_business_id", "routing_paths", ["business_id"])


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("routing_paths")
    op.drop_table("routing_own")
    op.drop_table("routing_versions")
