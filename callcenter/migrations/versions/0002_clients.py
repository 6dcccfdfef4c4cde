"""Clients and organisations

Revision 0002 after 0001.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from callcenter.storage import base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "contact_choices",
    "contact_counters",
    "contact_fields",
    "contact_lists",
    "saved_views",
    "tags",
    "work_jobs",
    "contact_channels",
    "contact_consents",
    "contact_events",
    "contact_files",
    "contact_list_members",
    "contact_managers",
    "contact_tags",
    "contact_values",
    "duplicate_searches",
    "imports",
    "web_forms",
    "duplicate_members",
    "duplicate_notices",
    "import_rows",
    "work_pieces",
)
EMPTY = (
    "first_name",
    "last_name",
    "name_key",
    "sex",
    "address",
    "industry",
    "inn",
    "kpp",
    "description",
    "currency",
    "photo",
    "source",
)
CHUNK = 2000


def upgrade() -> None:
    _make_tables()
    with op.batch_alter_table("contact_phones") as batch:
        batch.add_column(sa.Column("kind", sa.String(length=8), nullable=False, server_default=""))
    with op.batch_alter_table("contacts") as batch:
        batch.add_column(sa.Column("kind", sa.String(length=12), nullable=False, server_default="person"))
        batch.add_column(sa.Column("state", sa.String(length=8), nullable=False, server_default="contact"))
        batch.add_column(sa.Column("number", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("first_name", sa.String(length=100), nullable=False, server_default=""))
        batch.add_column(sa.Column("last_name", sa.String(length=100), nullable=False, server_default=""))
        batch.add_column(sa.Column("name_key", sa.String(length=200), nullable=False, server_default=""))
        batch.add_column(sa.Column("sex", sa.String(length=1), nullable=False, server_default=""))
        batch.add_column(sa.Column("birth_date", sa.Date(), nullable=True))
        batch.add_column(sa.Column("organisation_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("address", sa.String(length=500), nullable=False, server_default=""))
        batch.add_column(sa.Column("industry", sa.String(length=200), nullable=False, server_default=""))
        batch.add_column(sa.Column("inn", sa.String(length=12), nullable=False, server_default=""))
        batch.add_column(sa.Column("kpp", sa.String(length=9), nullable=False, server_default=""))
        batch.add_column(sa.Column("description", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("type_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("warmth_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("currency", sa.String(length=3), nullable=False, server_default=""))
        batch.add_column(sa.Column("responsible_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("access", sa.String(length=8), nullable=False, server_default="default"))
        batch.add_column(sa.Column("blocked", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("subscribed", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch.add_column(sa.Column("photo", sa.String(length=100), nullable=False, server_default=""))
        batch.add_column(sa.Column("source", sa.String(length=20), nullable=False, server_default=""))
        batch.add_column(sa.Column("created_by", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("changed_at", base.UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("archived_at", base.UtcDateTime(), nullable=True))
    _fill(op.get_bind())
    with op.batch_alter_table("contact_phones") as batch:
        batch.alter_column("kind", existing_type=sa.String(length=8), existing_nullable=False, server_default=None)
    with op.batch_alter_table("contacts") as batch:
        for name in (*EMPTY, "kind", "state", "access", "blocked", "subscribed"):
            batch.alter_column(name, server_default=None)
        batch.alter_column("search", existing_type=sa.String(length=620), type_=sa.Text(), existing_nullable=False)
        batch.drop_constraint("fk_contacts_responsible_agent_id_agents", type_="foreignkey")
        batch.drop_column("responsible_agent_id")
        batch.drop_column("saved")
        for name, target in (
            ("type_id", "contact_choices"),
            ("warmth_id", "contact_choices"),
            ("responsible_id", "memberships"),
            ("created_by", "memberships"),
            ("organisation_id", "contacts"),
        ):
            key = f"fk_contacts_{name}_{target}"
            batch.create_foreign_key(op.f(key), target, [name], ["id"], ondelete="SET NULL")
    for name, columns in INDEXES:
        op.create_index(name, "contacts", columns)
    make_search()


INDEXES = (
    ("ix_contacts_number", ["business_id", "kind", "state", "number", "access", "responsible_id", "id"]),
    ("ix_contacts_name", ["business_id", "kind", "state", "name_key", "access", "responsible_id", "id"]),
    ("ix_contacts_created", ["business_id", "kind", "state", "created_at", "access", "responsible_id", "id"]),
    ("ix_contacts_city", ["business_id", "kind", "state", "city", "id", "access", "responsible_id"]),
    ("ix_contacts_birth", ["business_id", "kind", "state", "birth_date", "id", "access", "responsible_id"]),
    ("ix_contacts_responsible", ["business_id", "responsible_id", "kind", "state", "number"]),
    ("ix_contacts_organisation", ["organisation_id"]),
    ("ix_contacts_name_any", ["business_id", "name_key"]),
    ("ix_contacts_inn", ["business_id", "inn"]),
)


def make_search() -> None:
    """The index that finds any piece of three letters or more in ``contacts.search``.

    A later migration that rebuilds ``contacts`` on SQLite (batch mode) loses the triggers: it must call drop_search
    before and make_search after. Without the right to make pg_trgm PostgreSQL searches without an index.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; "
            "CREATE INDEX ix_contacts_search ON contacts USING gin (search gin_trgm_ops); "
            "EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN NULL; END $$"
        )
        return
    op.execute(
        "CREATE VIRTUAL TABLE contact_search USING fts5(search, content='contacts', content_rowid='id', "
        "tokenize='trigram', detail='none')"
    )
    op.execute("INSERT INTO contact_search(contact_search) VALUES ('rebuild')")
    gone = "INSERT INTO contact_search(contact_search, rowid, search) VALUES ('delete', old.id, old.search);"
    new = "INSERT INTO contact_search(rowid, search) VALUES (new.id, new.search);"
    op.execute(f"CREATE TRIGGER contact_search_ai AFTER INSERT ON contacts BEGIN {new} END")
    op.execute(f"CREATE TRIGGER contact_search_ad AFTER DELETE ON contacts BEGIN {gone} END")
    op.execute(
        "CREATE TRIGGER contact_search_au AFTER UPDATE OF search ON contacts WHEN old.search <> new.search "
        f"BEGIN {gone} {new} END"
    )


def drop_search() -> None:
    """Takes the index of ``make_search`` away."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX IF EXISTS ix_contacts_search")
        return
    for name in ("ai", "ad", "au"):
        op.execute(f"DROP TRIGGER IF EXISTS contact_search_{name}")
    op.execute("DROP TABLE IF EXISTS contact_search")


def _fill(connection: sa.Connection) -> None:
    """Names to sort by, running numbers, and numbers in what is searched."""
    contacts = sa.table(
        "contacts",
        *(
            sa.column(name)
            for name in (
                "id",
                "business_id",
                "saved",
                "name",
                "search",
                "state",
                "number",
                "name_key",
                "first_name",
                "last_name",
            )
        ),
    )
    phones = sa.table("contact_phones", sa.column("contact_id"), sa.column("e164"))
    counters = sa.table("contact_counters", sa.column("business_id"), sa.column("last"))
    digits: dict[int, list[str]] = {}
    for contact_id, e164 in connection.execute(sa.select(phones.c.contact_id, phones.c.e164)):
        digits.setdefault(contact_id, []).append(e164)
    last: dict[int, int] = {}
    changes: list[dict[str, Any]] = []
    rows = connection.execute(
        sa.select(contacts.c.id, contacts.c.business_id, contacts.c.saved, contacts.c.name, contacts.c.search).order_by(
            contacts.c.id
        )
    ).all()
    for contact_id, business_id, saved, name, search in rows:
        number = None
        if saved:
            number = last[business_id] = last.get(business_id, 0) + 1
        first, _, rest = name.partition(" ")
        changes.append(
            {
                "key": contact_id,
                "state": "client" if saved else "contact",
                "number": number,
                "name_key": name.casefold()[:200],
                "first_name": first[:100],
                "last_name": rest[:100],
                "search": "\n".join(part for part in (search, *digits.get(contact_id, ())) if part),
            }
        )
    statement = (
        contacts.update()
        .where(contacts.c.id == sa.bindparam("key"))
        .values(
            {name: sa.bindparam(name) for name in ("state", "number", "name_key", "first_name", "last_name", "search")}
        )
    )
    # Until now the column was shorter than what is written into it.
    if connection.dialect.name == "postgresql":
        op.alter_column("contacts", "search", type_=sa.Text())
    for start in range(0, len(changes), CHUNK):
        connection.execute(statement, changes[start : start + CHUNK])
    for business_id, number in last.items():
        connection.execute(counters.insert().values(business_id=business_id, last=number))


def downgrade() -> None:
    drop_search()
    for name, _ in INDEXES:
        op.drop_index(name, "contacts")
    with op.batch_alter_table("contacts") as batch:
        batch.add_column(sa.Column("saved", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("responsible_agent_id", sa.Integer(), nullable=True))
    op.execute("UPDATE contacts SET saved = (state <> 'contact'), search = substr(search, 1, 620)")
    with op.batch_alter_table("contacts") as batch:
        for name, target in (
            ("type_id", "contact_choices"),
            ("warmth_id", "contact_choices"),
            ("responsible_id", "memberships"),
            ("created_by", "memberships"),
            ("organisation_id", "contacts"),
        ):
            batch.drop_constraint(f"fk_contacts_{name}_{target}", type_="foreignkey")
        batch.alter_column("search", existing_type=sa.Text(), type_=sa.String(length=620), existing_nullable=False)
        batch.alter_column("saved", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
        for name in (
            *EMPTY,
            "kind",
            "state",
            "access",
            "blocked",
            "subscribed",
            "number",
            "birth_date",
            "organisation_id",
            "type_id",
            "warmth_id",
            "responsible_id",
            "created_by",
            "changed_at",
            "archived_at",
        ):
            batch.drop_column(name)
        batch.create_foreign_key(
            op.f("fk_contacts_responsible_agent_id_agents"),
            "agents",
            ["responsible_agent_id"],
            ["id"],
            ondelete="SET NULL",
        )
    with op.batch_alter_table("contact_phones") as batch:
        batch.drop_column("kind")
    for name in reversed(TABLES):
        op.drop_table(name)


def _make_tables() -> None:
    op.create_table(
        "contact_choices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_choices_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_choices")),
        sa.UniqueConstraint("business_id", "kind", "title", name=op.f("uq_contact_choices_business_id_kind_title")),
    )
    op.create_index("ix_contact_choices_business_id", "contact_choices", ["business_id"])
    op.create_table(
        "contact_counters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_counters_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_counters")),
    )
    op.create_index("ix_contact_counters_business_id", "contact_counters", ["business_id"])
    op.create_table(
        "contact_fields",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=True),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_fields_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_fields")),
        sa.UniqueConstraint("business_id", "entity", "key", name=op.f("uq_contact_fields_business_id_entity_key")),
    )
    op.create_index("ix_contact_fields_business_id", "contact_fields", ["business_id"])
    op.create_table(
        "contact_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_contact_lists_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["memberships.id"],
            name=op.f("fk_contact_lists_created_by_memberships"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_lists")),
        sa.UniqueConstraint("business_id", "title", name=op.f("uq_contact_lists_business_id_title")),
        sa.UniqueConstraint("token", name=op.f("uq_contact_lists_token")),
    )
    op.create_index("ix_contact_lists_business_id", "contact_lists", ["business_id"])
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("page", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("changed_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_saved_views_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["memberships.id"], name=op.f("fk_saved_views_owner_id_memberships"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index("ix_saved_views_business_id", "saved_views", ["business_id"])
    op.create_index("ix_saved_views_business_id_page_owner_id", "saved_views", ["business_id", "page", "owner_id"])
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_tags_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["memberships.id"], name=op.f("fk_tags_owner_id_memberships"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("business_id", "owner_id", "key", name=op.f("uq_tags_business_id_owner_id_key")),
    )
    op.create_index("ix_tags_business_id", "tags", ["business_id"])
    op.create_index("ix_tags_business_id_key", "tags", ["business_id", "key"])
    op.create_table(
        "work_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", base.UtcDateTime(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("started_at", base.UtcDateTime(), nullable=True),
        sa.Column("ended_at", base.UtcDateTime(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("mark", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_work_jobs_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["memberships.id"], name=op.f("fk_work_jobs_owner_id_memberships"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_jobs")),
    )
    op.create_index("ix_work_jobs_business_id", "work_jobs", ["business_id"])
    op.create_index(
        "ix_work_jobs_business_id_owner_id_created_at", "work_jobs", ["business_id", "owner_id", "created_at"]
    )
    op.create_index("ix_work_jobs_state", "work_jobs", ["state", "due_at"])
    op.create_table(
        "work_pieces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_work_pieces_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["work_jobs.id"], name=op.f("fk_work_pieces_job_id_work_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_pieces")),
    )
    op.create_index("ix_work_pieces_business_id", "work_pieces", ["business_id"])
    op.create_index("ix_work_pieces_job_id", "work_pieces", ["job_id"])
    op.create_table(
        "contact_channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("key", sa.String(length=254), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_channels_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_channels_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_channels")),
    )
    op.create_index("ix_contact_channels_business_id", "contact_channels", ["business_id"])
    op.create_index("ix_contact_channels_contact_id", "contact_channels", ["contact_id"])
    op.create_index("ix_contact_channels_lookup", "contact_channels", ["business_id", "kind", "key"])
    op.create_table(
        "contact_consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", base.UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["memberships.id"],
            name=op.f("fk_contact_consents_author_id_memberships"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_consents_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_consents_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_consents")),
    )
    op.create_index("ix_contact_consents_business_id", "contact_consents", ["business_id"])
    op.create_index("ix_contact_consents_contact_id_kind_at", "contact_consents", ["contact_id", "kind", "at"])
    op.create_table(
        "contact_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", base.UtcDateTime(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("edited_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["memberships.id"], name=op.f("fk_contact_events_author_id_memberships"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_events_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["contact_choices.id"],
            name=op.f("fk_contact_events_category_id_contact_choices"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_events_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_events")),
    )
    op.create_index("ix_contact_events_business_id", "contact_events", ["business_id"])
    op.create_index("ix_contact_events_contact_id_at", "contact_events", ["contact_id", "at"])
    op.create_table(
        "contact_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("file", sa.String(length=120), nullable=False),
        sa.Column("media", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("added_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"], ["memberships.id"], name=op.f("fk_contact_files_added_by_memberships"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_contact_files_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_files_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["field_id"],
            ["contact_fields.id"],
            name=op.f("fk_contact_files_field_id_contact_fields"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_files")),
    )
    op.create_index("ix_contact_files_business_id", "contact_files", ["business_id"])
    op.create_index("ix_contact_files_contact_id", "contact_files", ["contact_id"])
    op.create_table(
        "contact_list_members",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_list_members_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_contact_list_members_contact_id_contacts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["contact_lists.id"],
            name=op.f("fk_contact_list_members_list_id_contact_lists"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("list_id", "contact_id", name=op.f("pk_contact_list_members")),
    )
    op.create_index("ix_contact_list_members_business_id", "contact_list_members", ["business_id"])
    op.create_index("ix_contact_list_members_contact_id", "contact_list_members", ["contact_id"])
    op.create_table(
        "contact_managers",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_managers_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_managers_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_contact_managers_membership_id_memberships"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contact_id", "membership_id", name=op.f("pk_contact_managers")),
    )
    op.create_index("ix_contact_managers_business_id", "contact_managers", ["business_id"])
    op.create_index("ix_contact_managers_membership_id", "contact_managers", ["membership_id"])
    op.create_table(
        "contact_tags",
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"], ["memberships.id"], name=op.f("fk_contact_tags_added_by_memberships"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_contact_tags_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_tags_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_contact_tags_tag_id_tags"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", "contact_id", name=op.f("pk_contact_tags")),
    )
    op.create_index("ix_contact_tags_business_id", "contact_tags", ["business_id"])
    op.create_index("ix_contact_tags_contact_id", "contact_tags", ["contact_id"])
    op.create_table(
        "contact_values",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("amount", sa.Double(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_contact_values_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_values_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["field_id"],
            ["contact_fields.id"],
            name=op.f("fk_contact_values_field_id_contact_fields"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contact_id", "field_id", name=op.f("pk_contact_values")),
    )
    op.create_index("ix_contact_values_amount", "contact_values", ["business_id", "field_id", "amount"])
    op.create_index("ix_contact_values_business_id", "contact_values", ["business_id"])
    op.create_index("ix_contact_values_day", "contact_values", ["business_id", "field_id", "day"])
    op.create_index("ix_contact_values_text", "contact_values", ["business_id", "field_id", "key"])
    op.create_table(
        "duplicate_searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("surplus", sa.Integer(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("ended_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_duplicate_searches_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["work_jobs.id"], name=op.f("fk_duplicate_searches_job_id_work_jobs"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["memberships.id"],
            name=op.f("fk_duplicate_searches_owner_id_memberships"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_searches")),
    )
    op.create_index("ix_duplicate_searches_business_id", "duplicate_searches", ["business_id"])
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("file", sa.String(length=120), nullable=False),
        sa.Column("format", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("policy", sa.String(length=8), nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("tag_id", sa.Integer(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("ended_at", base.UtcDateTime(), nullable=True),
        sa.Column("undone_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_imports_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["work_jobs.id"], name=op.f("fk_imports_job_id_work_jobs"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["contact_lists.id"], name=op.f("fk_imports_list_id_contact_lists"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["memberships.id"], name=op.f("fk_imports_owner_id_memberships"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["responsible_id"],
            ["memberships.id"],
            name=op.f("fk_imports_responsible_id_memberships"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_imports_tag_id_tags"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_business_id", "imports", ["business_id"])
    op.create_index("ix_imports_business_id_created_at", "imports", ["business_id", "created_at"])
    op.create_table(
        "web_forms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("tag_id", sa.Integer(), nullable=True),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("thanks", sa.String(length=300), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_web_forms_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["contact_lists.id"], name=op.f("fk_web_forms_list_id_contact_lists"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["responsible_id"],
            ["memberships.id"],
            name=op.f("fk_web_forms_responsible_id_memberships"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_web_forms_tag_id_tags"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_forms")),
        sa.UniqueConstraint("token", name=op.f("uq_web_forms_token")),
    )
    op.create_index("ix_web_forms_business_id", "web_forms", ["business_id"])
    op.create_table(
        "duplicate_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("group", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("base", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("matched", sa.JSON(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_duplicate_members_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_duplicate_members_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["duplicate_searches.id"],
            name=op.f("fk_duplicate_members_search_id_duplicate_searches"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_members")),
    )
    op.create_index("ix_duplicate_members_business_id", "duplicate_members", ["business_id"])
    op.create_index("ix_duplicate_members_contact_id", "duplicate_members", ["contact_id"])
    op.create_index("ix_duplicate_members_search_id_kind_group", "duplicate_members", ["search_id", "kind", "group"])
    op.create_table(
        "duplicate_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("cards", sa.JSON(), nullable=False),
        sa.Column("at", base.UtcDateTime(), nullable=False),
        sa.Column("seen_at", base.UtcDateTime(), nullable=True),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["memberships.id"],
            name=op.f("fk_duplicate_notices_author_id_memberships"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["business_id"],
            ["businesses.id"],
            name=op.f("fk_duplicate_notices_business_id_businesses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["work_jobs.id"], name=op.f("fk_duplicate_notices_job_id_work_jobs"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_duplicate_notices_membership_id_memberships"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_notices")),
        sa.UniqueConstraint("job_id", "membership_id", name=op.f("uq_duplicate_notices_job_id_membership_id")),
    )
    op.create_index("ix_duplicate_notices_business_id", "duplicate_notices", ["business_id"])
    op.create_index(
        "ix_duplicate_notices_business_id_membership_id_seen_at",
        "duplicate_notices",
        ["business_id", "membership_id", "seen_at"],
    )
    op.create_table(
        "import_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["businesses.id"], name=op.f("fk_import_rows_business_id_businesses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_import_rows_contact_id_contacts"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rows")),
        sa.UniqueConstraint("import_id", "line", "part", name=op.f("uq_import_rows_import_id_line_part")),
    )
    op.create_index("ix_import_rows_business_id", "import_rows", ["business_id"])
    op.create_index("ix_import_rows_contact_id", "import_rows", ["contact_id"])
    op.create_index("ix_import_rows_import_id_action", "import_rows", ["import_id", "action"])
