"""The tables of the store: one row an event, and one row that keeps where the chain ends."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()

EVENTS: Final = Table(
    "review_events",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False, unique=True),
    Column("who", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("study", String(64), nullable=False),
    Column("case_id", Text, nullable=False),
    Column("image_sha256", String(64), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("payload", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", String(64), nullable=False, unique=True),  # two events cannot follow the same one
    Column("hash", String(64), nullable=False, unique=True),
    Index("review_events_case", "case_id"),
)
HEAD: Final = Table(
    "review_head",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1", name="review_head_only"), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)
