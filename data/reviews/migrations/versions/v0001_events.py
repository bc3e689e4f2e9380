"""Events and the end of the chain. The database itself refuses to change or remove an event."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FIRST = "0" * 64  # as it was when this step was written


def upgrade() -> None:
    """Make the tables."""
    texts = [sa.Column(name, sa.Text, nullable=False) for name in ("case_id", "payload", "reason", "who")]
    op.create_table(
        "review_events",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("study", sa.String(64), nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        *texts,
        sa.Column("before", sa.String(64), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )
    op.create_index("review_events_case", "review_events", ["case_id"])
    head = op.create_table(
        "review_head",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="review_head_only"), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "hash": FIRST}])
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER review_events_no_{change.lower()} BEFORE {change} ON review_events "
                "BEGIN SELECT RAISE(ABORT, 'events are appended, never changed'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION review_events_appended() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'events are appended, never changed'; END $$"
        )
        op.execute(
            "CREATE TRIGGER review_events_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON review_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION review_events_appended()"
        )


def downgrade() -> None:
    """Refuse: events are never thrown away."""
    raise NotImplementedError("the first step is not taken back")
