"""Mail servers, letters with files, letter templates of scripts, reminders, hand-overs, who calls out

Revision 0023 after 0020 (0021 and 0022 are made beside it).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _business(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_business_id_businesses")
    return sa.ForeignKeyConstraint(["business_id"], ["businesses.id"], name=name, ondelete="CASCADE")


def _key(table: str, column: str, other: str, ondelete: str = "SET NULL") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    """No business has a mail server yet; everybody may call out, as before."""
    op.create_table(
        "mail_servers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", sa.String(length=8), nullable=False),
        sa.Column("username", sa.String(length=254), nullable=False),
        sa.Column("password", sa.String(length=500), nullable=False),
        sa.Column("from_address", sa.String(length=254), nullable=False),
        sa.Column("from_name", sa.String(length=100), nullable=False),
        sa.Column("in_scripts", sa.Boolean(), nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("mail_servers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_servers")),
    )
    op.create_index(op.f("ix_mail_servers_business_id"), "mail_servers", ["business_id"])
    op.create_table(
        "letters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("server_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.String(length=64), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("script_id", sa.Integer(), nullable=True),
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("to_name", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", base.UtcDateTime(), nullable=True),
        sa.Column("failure", sa.JSON(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("sent_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("letters"),
        _key("letters", "server_id", "mail_servers"),
        _key("letters", "contact_id", "contacts"),
        _key("letters", "call_id", "calls"),
        _key("letters", "author_id", "memberships"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
    )
    op.create_index("ix_letters_created", "letters", ["business_id", "created_at"])
    op.create_index("ix_letters_contact", "letters", ["contact_id", "created_at"])
    op.create_index("ix_letters_waiting", "letters", ["state", "next_at"])
    for column in ("server_id", "call_id", "author_id"):
        op.create_index(op.f(f"ix_letters_{column}"), "letters", [column])
    op.create_table(
        "mail_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("picture", sa.Boolean(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("mail_files"),
        _key("mail_files", "owner_id", "memberships"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_files")),
    )
    op.create_index(op.f("ix_mail_files_business_id"), "mail_files", ["business_id"])
    op.create_index(op.f("ix_mail_files_owner_id"), "mail_files", ["owner_id"])
    op.create_table(
        "mail_file_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=30), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("mail_file_holds"),
        _key("mail_file_holds", "file_id", "mail_files", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_file_holds")),
        sa.UniqueConstraint(
            "business_id", "holder", "file_id", name=op.f("uq_mail_file_holds_business_id_holder_file_id")
        ),
    )
    op.create_index(op.f("ix_mail_file_holds_file_id"), "mail_file_holds", ["file_id"])
    op.create_table(
        "reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("at", base.UtcDateTime(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.String(length=64), nullable=True),
        sa.Column("done_at", base.UtcDateTime(), nullable=True),
        sa.Column("told_at", base.UtcDateTime(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("reminders"),
        _key("reminders", "owner_id", "memberships", "CASCADE"),
        _key("reminders", "author_id", "memberships"),
        _key("reminders", "contact_id", "contacts"),
        _key("reminders", "call_id", "calls"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
    )
    op.create_index("ix_reminders_owner", "reminders", ["business_id", "owner_id", "done_at", "at"])
    op.create_index("ix_reminders_author", "reminders", ["business_id", "author_id", "at"])
    op.create_index("ix_reminders_due", "reminders", ["told_at", "at"])
    op.create_index(op.f("ix_reminders_contact_id"), "reminders", ["contact_id"])
    op.create_index(op.f("ix_reminders_call_id"), "reminders", ["call_id"])
    op.create_table(
        "hand_overs",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        _business("hand_overs"),
        _key("hand_overs", "call_id", "calls", "CASCADE"),
        _key("hand_overs", "contact_id", "contacts", "CASCADE"),
        _key("hand_overs", "responsible_id", "memberships", "CASCADE"),
        _key("hand_overs", "author_id", "memberships"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_hand_overs")),
    )
    for column in ("business_id", "contact_id"):
        op.create_index(op.f(f"ix_hand_overs_{column}"), "hand_overs", [column])
    with op.batch_alter_table("scripts") as batch:
        batch.add_column(sa.Column("server_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("letter", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("letter_subject", sa.String(length=255), nullable=False, server_default=""))
        batch.add_column(sa.Column("letter_text", sa.Text(), nullable=False, server_default=""))
        batch.create_foreign_key(
            op.f("fk_scripts_server_id_mail_servers"), "mail_servers", ["server_id"], ["id"], ondelete="SET NULL"
        )
    with op.batch_alter_table("scripts") as batch:
        for column in ("letter", "letter_subject", "letter_text"):
            batch.alter_column(column, server_default=None)
    op.create_index(op.f("ix_scripts_server_id"), "scripts", ["server_id"])
    with op.batch_alter_table("agents") as batch:
        batch.add_column(sa.Column("calls_out", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Takes them away, with the letters that were sent."""
    with op.batch_alter_table("agents") as batch:
        batch.drop_column("calls_out")
    op.drop_index(op.f("ix_scripts_server_id"), "scripts")
    with op.batch_alter_table("scripts") as batch:
        batch.drop_constraint(op.f("fk_scripts_server_id_mail_servers"), type_="foreignkey")
        for column in ("letter_text", "letter_subject", "letter", "server_id"):
            batch.drop_column(column)
    for table in ("hand_overs", "reminders", "mail_file_holds", "mail_files", "letters", "mail_servers"):
        op.drop_table(table)
