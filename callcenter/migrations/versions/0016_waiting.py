"""Messages among recordings; call-backs in place of waiting

Revision 0016 after 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there is no message, and no queue offers a call-back yet."""
    op.add_column("recordings", sa.Column("message", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("recordings") as batch:
        batch.alter_column("message", server_default=None)
    op.create_index(
        "ix_recordings_message",
        "recordings",
        ["business_id", "call_id"],
        sqlite_where=sa.text("message"),
        postgresql_where=sa.text("message"),
    )
    op.add_column("queues", sa.Column("callback_key", sa.String(length=1), nullable=False, server_default=""))
    with op.batch_alter_table("queues") as batch:
        batch.alter_column("callback_key", server_default=None)
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.Column("asked_call_id", sa.String(length=64), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=True),
        sa.Column("caller", sa.String(length=20), nullable=False),
        sa.Column("entered_at", base.UtcDateTime(), nullable=False),
        sa.Column("asked_at", base.UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", base.UtcDateTime(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("dialled_at", base.UtcDateTime(), nullable=True),
        sa.Column("done_at", base.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_callbacks_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_callbacks_queue_id_queues"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["number_id"], ["numbers.id"], name=op.f("fk_callbacks_number_id_numbers"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sa.UniqueConstraint("asked_call_id", name=op.f("uq_callbacks_asked_call_id")),
    )
    op.create_index(op.f("ix_callbacks_business_id"), "callbacks", ["business_id"])
    op.create_index("ix_callbacks_state", "callbacks", ["state", "entered_at"])


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("callbacks")
    with op.batch_alter_table("queues") as batch:
        batch.drop_column("callback_key")
    op.drop_index("ix_recordings_message", "recordings")
    with op.batch_alter_table("recordings") as batch:
        batch.drop_column("message")
