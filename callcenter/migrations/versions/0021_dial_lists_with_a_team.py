"""Dial lists that call the client first and give him to one of a team

Revision 0021 after 0020.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The lists that are there go on as they did."""
    with op.batch_alter_table("dial_lists") as table:
        table.add_column(sa.Column("dialing", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("dialled", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("dial_attempts") as table:
        table.add_column(sa.Column("person_at", base.UtcDateTime(), nullable=True))
        table.add_column(sa.Column("sampled", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("heard", sa.String(length=8), nullable=False, server_default=""))
    with op.batch_alter_table("dial_lists") as table:
        table.alter_column("dialing", server_default=None)
        table.alter_column("dialled", server_default=None)
    with op.batch_alter_table("dial_attempts") as table:
        table.alter_column("sampled", server_default=None)
        table.alter_column("heard", server_default=None)
    op.create_index("ix_dial_attempts_persons", "dial_attempts", ["list_id", "person_at"])
    op.create_index("ix_dial_attempts_outcome", "dial_attempts", ["outcome", "closed_at"])
    op.create_table(
        "dial_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("leg_id", sa.String(length=64), nullable=False),
        sa.Column("endpoint", sa.String(length=40), nullable=False),
        sa.Column("joined_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_dial_members_agent_id_agents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_dial_members_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["dial_lists.id"], name=op.f("fk_dial_members_list_id_dial_lists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_members")),
        sa.UniqueConstraint("agent_id", name=op.f("uq_dial_members_agent_id")),
    )
    op.create_index(op.f("ix_dial_members_list_id"), "dial_members", ["list_id"])


def downgrade() -> None:
    """Takes that away; lists with a team are then lists as the others are."""
    op.drop_table("dial_members")
    op.drop_index("ix_dial_attempts_outcome", "dial_attempts")
    op.drop_index("ix_dial_attempts_persons", "dial_attempts")
    with op.batch_alter_table("dial_attempts") as table:
        for name in ("heard", "sampled", "person_at"):
            table.drop_column(name)
    op.execute("UPDATE dial_lists SET mode = 'power' WHERE mode <> 'power'")
    with op.batch_alter_table("dial_lists") as table:
        for name in ("dialled", "dialing"):
            table.drop_column(name)
