"""Auto-answer as an agent's choice

Revision 0007 after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the two choices; nobody has made them yet."""
    for name in ("auto_dialed", "auto_queue"):
        op.add_column("agents", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for name in ("auto_queue", "auto_dialed"):
        op.drop_column("agents", name)
