"""Supervision: who listened to whom, links to big screens, limits of figures

Revision 0004 after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _business(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["business_id"], ["businesses.id"], name=op.f(f"fk_{table}_business_id_businesses"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "spy_sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("by_agent_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("leg_id", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("began_at", base.UtcDateTime(), nullable=False),
        sa.Column("ended_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("spy_sessions"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_spy_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spy_sessions")),
    )
    op.create_index("ix_spy_sessions_business_id", "spy_sessions", ["business_id"])
    op.create_index("ix_spy_sessions_business_id_ended_at", "spy_sessions", ["business_id", "ended_at"])
    op.create_table(
        "screen_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("numbers", sa.Boolean(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("seen_at", base.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("screen_links"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_screen_links_token_hash")),
    )
    op.create_index("ix_screen_links_business_id", "screen_links", ["business_id"])
    op.create_table(
        "wallboard_thresholds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=True),
        sa.Column("figure", sa.String(length=20), nullable=False),
        sa.Column("warn", sa.Double(), nullable=True),
        sa.Column("alarm", sa.Double(), nullable=False),
        sa.Column("calm", sa.Double(), nullable=False),
        sa.Column("sound", sa.Boolean(), nullable=False),
        sa.Column("webhook", sa.String(length=500), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("wallboard_thresholds"),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_wallboard_thresholds_queue_id_queues"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallboard_thresholds")),
    )
    op.create_index("ix_wallboard_thresholds_business_id", "wallboard_thresholds", ["business_id"])


def downgrade() -> None:
    for table in ("wallboard_thresholds", "screen_links", "spy_sessions"):
        op.drop_table(table)
