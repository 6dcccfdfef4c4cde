"""Hours, prompts, forwarding and first menus of numbers; actions of menus; overflow of queues; special days

Revision 0010 after 0009.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXT = (sa.String(length=100), "")
_COUNT, _SECONDS = (sa.Integer(), "0"), (sa.Integer(), "20")
_NO, _YES = (sa.Boolean(), sa.false()), (sa.Boolean(), sa.true())
_JSON, _ID = (sa.JSON(), None), (sa.Integer(), None)
# Each column's type and what the rows that are there get (None = nothing).
_COLUMNS: dict[str, dict[str, tuple[Any, Any]]] = {
    "numbers": {
        "waiting": _TEXT, "busy": _TEXT, "nobody": _TEXT, "closed": _TEXT, "hours": _JSON, "closed_target": _JSON,
        "forward": _JSON, "menu_id": _ID, "missed_agent_id": _ID, "last_days": _COUNT, "own_seconds": _SECONDS,
        "priority": _COUNT, "own_first": _NO, "outgoing": _YES,
    },
    "menus": {
        "activity": (sa.String(length=10), "always"), "main": _NO, "timeout_number": (sa.String(length=20), ""),
        "timeout_prompt": _TEXT,
    },
    "menu_keys": {"number": (sa.String(length=20), ""), "prompt": _TEXT},
    "queues": {"max_callers": _COUNT, "announce_seconds": _COUNT, "overflow": _JSON},
}  # fmt: skip


def upgrade() -> None:
    """Adds them; what is there goes on as it was, and a business's first menu is its main one."""
    for table, columns in _COLUMNS.items():
        for name, (kind, value) in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=value is None, server_default=value))
        with op.batch_alter_table(table) as batch:
            for name, (_, value) in columns.items():
                if value is not None:
                    batch.alter_column(name, server_default=None)
    first = "SELECT min(others.id) FROM menus AS others WHERE others.business_id = menus.business_id"
    op.execute(sa.text(f"UPDATE menus SET main = :yes WHERE id = ({first})").bindparams(yes=True))  # noqa: S608
    op.create_table(
        "special_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_special_days_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_days")),
        sa.UniqueConstraint("business_id", "day", name=op.f("uq_special_days_business_id_day")),
    )
    op.create_index(op.f("ix_special_days_business_id"), "special_days", ["business_id"])


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("special_days")
    for table, columns in _COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.drop_column(name)
