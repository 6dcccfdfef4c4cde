"""When the last call with a client was, on his row

Revision 0009 after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEX = "ix_contacts_last_call"


def upgrade() -> None:
    """Adds it without rebuilding the table (the triggers of the search stay), and fills it from the log."""
    op.add_column("contacts", sa.Column("last_call_at", base.UtcDateTime(), nullable=True))
    op.execute(
        "UPDATE contacts SET last_call_at = (SELECT max(calls.started_at) FROM calls "
        "WHERE calls.business_id = contacts.business_id AND calls.contact_id = contacts.id) "
        "WHERE id IN (SELECT contact_id FROM calls)"
    )
    # After the filling, which it would make slower.
    columns = ["business_id", "kind", "state", "last_call_at", "id", "access", "responsible_id"]
    op.create_index(_INDEX, "contacts", columns)


def downgrade() -> None:
    """Takes it away."""
    op.drop_index(_INDEX, "contacts")
    op.drop_column("contacts", "last_call_at")
