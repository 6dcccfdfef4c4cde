"""Why agents pause, limits of pauses, ends of wrap-ups

Revision 0008 after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds them. Each business gets its first reasons, in its language, when the server starts."""
    op.create_table(
        "pause_reasons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("counts_as_work", sa.Boolean(), nullable=False),
        sa.Column("limit_minutes", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_pause_reasons_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause_reasons")),
    )
    op.create_index("ix_pause_reasons_business_id", "pause_reasons", ["business_id"])
    for table in ("agents", "agent_state_spans"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("reason_id", sa.Integer(), nullable=True))
            batch.create_foreign_key(
                op.f(f"fk_{table}_reason_id_pause_reasons"),
                "pause_reasons",
                ["reason_id"],
                ["id"],
                ondelete="SET NULL",
            )
    op.add_column("agents", sa.Column("overdue_told_at", base.UtcDateTime(), nullable=True))
    op.add_column("agent_state_spans", sa.Column("due_at", base.UtcDateTime(), nullable=True))
    op.add_column("agent_state_spans", sa.Column("extended", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("agent_state_spans") as batch:
        batch.alter_column("extended", server_default=None)


def downgrade() -> None:
    """Takes them away."""
    with op.batch_alter_table("agent_state_spans") as batch:
        batch.drop_column("extended")
        batch.drop_column("due_at")
    with op.batch_alter_table("agents") as batch:
        batch.drop_column("overdue_told_at")
    for table in ("agents", "agent_state_spans"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"fk_{table}_reason_id_pause_reasons"), type_="foreignkey")
            batch.drop_column("reason_id")
    op.drop_table("pause_reasons")
