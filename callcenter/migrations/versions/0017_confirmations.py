"""Confirmed numbers, operators of numbers, numbers taken from the installation's pool

Revision 0017 after 0016. Numbers that calls are forwarded to already go on working: they count as confirmed for three
months from now, in which somebody confirms them in earnest.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables and keeps what is in use."""
    op.create_table(
        "number_confirmations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("e164", sa.String(length=20), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", base.UtcDateTime(), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(), nullable=False),
        _owner("number_confirmations", "business_id", "businesses", "CASCADE"),
        _owner("number_confirmations", "agent_id", "agents", "CASCADE"),
        _owner("number_confirmations", "confirmed_by", "memberships", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_confirmations")),
    )
    op.create_index(op.f("ix_number_confirmations_business_id"), "number_confirmations", ["business_id"])
    op.create_index("ix_number_confirmations_number", "number_confirmations", ["business_id", "e164"])
    op.create_table(
        "number_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("e164", sa.String(length=20), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", base.UtcDateTime(), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(), nullable=False),
        _owner("number_codes", "business_id", "businesses", "CASCADE"),
        _owner("number_codes", "agent_id", "agents", "CASCADE"),
        _owner("number_codes", "asked_by", "memberships", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_codes")),
    )
    op.create_index(op.f("ix_number_codes_business_id"), "number_codes", ["business_id"])
    op.create_index(op.f("ix_number_codes_e164"), "number_codes", ["e164"])
    op.create_table(
        "own_numbers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("e164", sa.String(length=20), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        _owner("own_numbers", "business_id", "businesses", "CASCADE"),
        _owner("own_numbers", "agent_id", "agents", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_numbers")),
        sa.UniqueConstraint("agent_id", name=op.f("uq_own_numbers_agent_id")),
    )
    op.create_index(op.f("ix_own_numbers_business_id"), "own_numbers", ["business_id"])
    op.create_table(
        "number_operators",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("outgoing", sa.Boolean(), nullable=False),
        sa.Column("record", sa.Boolean(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        _owner("number_operators", "business_id", "businesses", "CASCADE"),
        _owner("number_operators", "number_id", "numbers", "CASCADE"),
        _owner("number_operators", "agent_id", "agents", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_operators")),
        sa.UniqueConstraint("number_id", "agent_id", name=op.f("uq_number_operators_number_id_agent_id")),
    )
    op.create_index(op.f("ix_number_operators_business_id"), "number_operators", ["business_id"])
    op.create_table(
        "pool_numbers",
        sa.Column("e164", sa.String(length=20), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", base.UtcDateTime(), nullable=False),
        _owner("pool_numbers", "business_id", "businesses", "CASCADE"),
        sa.PrimaryKeyConstraint("e164", name=op.f("pk_pool_numbers")),
    )
    op.create_index(op.f("ix_pool_numbers_business_id"), "pool_numbers", ["business_id"])
    _keep()
    with op.batch_alter_table("forward_numbers") as batch:
        batch.drop_column("confirmed_until")


def _owner(table: str, column: str, other: str, gone: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=gone)


def _keep() -> None:
    """What calls are forwarded to now, by drafts, by applied versions and by employees, counts as confirmed."""
    link = op.get_bind()
    kept: set[tuple[int, int | None, str]] = set()
    telephones = sa.table("forward_numbers", sa.column("business_id"), sa.column("agent_id"), sa.column("e164"))
    people = link.execute(sa.select(telephones.c.business_id, telephones.c.agent_id, telephones.c.e164))
    kept.update((int(business), int(agent), str(e164)) for business, agent, e164 in people)
    numbers = sa.table("numbers", sa.column("business_id"), sa.column("forward", sa.JSON()))
    for business, forward in link.execute(sa.select(numbers.c.business_id, numbers.c.forward)):
        kept.update(_one(business, forward))
    versions = sa.table(
        "routing_versions", sa.column("business_id"), sa.column("number"), sa.column("state"),
        sa.column("document", sa.JSON()),
    )  # fmt: skip
    newest: dict[int, Any] = {}
    wanted = sa.select(versions.c.business_id, versions.c.document).where(versions.c.state == "applied")
    for business, document in link.execute(wanted.order_by(versions.c.number)):
        newest[business] = document
    for business, document in newest.items():
        for number in (document or {}).get("numbers", ()):
            kept.update(_one(business, number.get("forward")))
    now = datetime.now(UTC)
    table = sa.table(
        "number_confirmations", sa.column("business_id"), sa.column("agent_id"), sa.column("e164"), sa.column("way"),
        sa.column("confirmed_at", base.UtcDateTime()),
        sa.column("expires_at", base.UtcDateTime()),
    )  # fmt: skip
    rows = [
        {"business_id": business, "agent_id": agent, "e164": e164, "way": "kept", "confirmed_at": now,
         "expires_at": _three_months_after(now)}
        for business, agent, e164 in sorted(kept, key=lambda one: (one[0], one[1] or 0, one[2]))
    ]  # fmt: skip
    if rows:
        op.bulk_insert(table, rows)


def _three_months_after(moment: datetime) -> datetime:
    month = moment.month + 2
    year, month = moment.year + month // 12, month % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def _one(business: int, forward: Any) -> list[tuple[int, int | None, str]]:
    if isinstance(forward, dict) and forward.get("mode") == "one" and forward.get("number"):
        return [(int(business), None, str(forward["number"]))]
    return []


def downgrade() -> None:
    """Takes them away; nobody's telephone is confirmed then."""
    op.add_column("forward_numbers", sa.Column("confirmed_until", base.UtcDateTime(), nullable=True))
    for table in ("pool_numbers", "number_operators", "own_numbers", "number_codes", "number_confirmations"):
        op.drop_table(table)
