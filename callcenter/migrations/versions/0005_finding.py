"""Spam numbers, prices of calls, the page after sign-in

Revision 0005 after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STARTED = ["business_id", "started_at", "direction", "result"]


def upgrade() -> None:
    """Adds them."""
    op.create_table(
        "spam_numbers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("marked_by", sa.Integer(), nullable=True),
        sa.Column("marked_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_spam_numbers_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["marked_by"], ["memberships.id"], name=op.f("fk_spam_numbers_marked_by_memberships"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spam_numbers")),
        sa.UniqueConstraint("business_id", "number", name=op.f("uq_spam_numbers_business_id_number")),
    )
    op.create_index("ix_spam_numbers_business_id", "spam_numbers", ["business_id"])
    op.create_table(
        "call_prices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("trunk_id", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("connection", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_call_prices_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name=op.f("fk_call_prices_trunk_id_trunks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_prices")),
        sa.UniqueConstraint(
            "business_id", "prefix", "trunk_id", name=op.f("uq_call_prices_business_id_prefix_trunk_id")
        ),
    )
    op.create_index("ix_call_prices_business_id", "call_prices", ["business_id"])
    op.add_column("calls", sa.Column("spam", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("calls", sa.Column("cost", sa.Integer(), nullable=True))
    op.add_column("users", sa.Column("start_always", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.drop_index("ix_calls_business_started", "calls")
    op.create_index("ix_calls_business_started", "calls", [*_STARTED, "spam"])
    _without_defaults()


def _without_defaults() -> None:
    """The code always gives values; a default was only for the rows that are there."""
    for table, column in (("calls", "spam"), ("users", "start_always")):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, server_default=None)


def downgrade() -> None:
    """Takes them away."""
    op.drop_index("ix_calls_business_started", "calls")
    op.create_index("ix_calls_business_started", "calls", _STARTED)
    with op.batch_alter_table("users") as batch:
        batch.drop_column("start_always")
    with op.batch_alter_table("calls") as batch:
        batch.drop_column("cost")
        batch.drop_column("spam")
    op.drop_table("call_prices")
    op.drop_table("spam_numbers")
