"""Own PBXs and operators in full

Revision 0012 after 0011.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TRUNK: tuple[tuple[str, Any, Any], ...] = (
    ("number", sa.String(length=40), ""),
    ("domain", sa.String(length=253), ""),
    ("codecs", sa.String(length=60), "ulaw,alaw"),
    ("caller_rule", sa.String(length=10), "number"),
    ("caller_id", sa.String(length=20), ""),
    ("backup", sa.Boolean(), sa.false()),
    ("position", sa.Integer(), "0"),
    ("qualify_seconds", sa.Integer(), "0"),
)


def upgrade() -> None:
    """Adds them. Trunks that sign in go on showing their login, with the number in P-Asserted-Identity."""
    for name, kind, first in _TRUNK:
        op.add_column("trunks", sa.Column(name, kind, nullable=False, server_default=first))
    trunks = sa.table("trunks", sa.column("caller_rule", sa.String()), sa.column("register", sa.Boolean()))
    op.execute(trunks.update().where(trunks.c.register).values(caller_rule="asserted"))
    with op.batch_alter_table("trunks") as batch:
        for name, _, _ in _TRUNK:
            batch.alter_column(name, server_default=None)


def downgrade() -> None:
    """Takes them away."""
    with op.batch_alter_table("trunks") as batch:
        for name, _, _ in _TRUNK:
            batch.drop_column(name)
