"""The tables of the spine. `migrations/` holds how they came to be; a test keeps the two equal.

Planned columns are here from the start: `tenant` and `client` on every row that a caller may see, so that
scopes and row-level security need no rewrite; payloads and results live in their own columns, so that
encrypting them is one TypeDecorator.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from shared.database import Serial, UtcDateTime, metadata, only_where


def _patient_indexes(*columns: str) -> list[Index]:
    """In the order in which a patient's timeline is read."""
    return [Index(f"ix_tasks_{c}", "tenant", c, "occurred_at", "id", **only_where(f"{c} IS NOT NULL")) for c in columns]


tasks = Table(
    "tasks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("client", String(128), nullable=False),
    Column("domain", String(64), nullable=False),
    Column("event", String(64), nullable=False),
    Column("origin", String(8), nullable=False),  # api | mllp | broker
    Column("external_id", String(256)),  # what a foreign system calls it
    Column("reply_to", String(256)),
    Column("payload", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("run", Integer, nullable=False, server_default="1"),  # a replay adds one
    Column("version", Integer, nullable=False, server_default="1"),  # the ETag
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("published_at", UtcDateTime),
    Column("publications", Integer, nullable=False, server_default="0"),
    Column("publish_at", UtcDateTime),  # when the relay must publish it (again); null: nothing to publish
    Column("not_before", UtcDateTime),  # earliest next attempt
    Column("attempts", Integer, nullable=False, server_default="0"),  # failures that were reported
    Column("deaths", Integer, nullable=False, server_default="0"),  # owners that vanished
    Column("fence", Integer, nullable=False, server_default="0"),  # grows with every claim
    Column("owner", String(128)),
    Column("lease_until", UtcDateTime),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("progress_done", Integer, nullable=False, server_default="0"),
    Column("progress_total", Integer, nullable=False, server_default="0"),
    Column("progress_agent", String(128)),
    Column("degraded", Boolean, nullable=False, server_default=text("false")),
    Column("error", JSON),
    Column("traceparent", String(64)),
    Column("patient_cpf", String(32)),  # blind values (shared.privacy.blind_index), never the numbers themselves
    Column("patient_cns", String(32)),
    Column("patient_record", String(32)),
    Column("occurred_at", UtcDateTime),  # when it happened to the patient; else when it was accepted
    Column("urgent", Boolean, nullable=False, server_default=text("false")),  # overtakes what waits in its domain
    Column("runs_after", String(256)),  # events, separated by blanks, that must have ended for the same patient
    Column("sequence", String(64)),  # what else it belongs to and takes its turn in: a conversation
    Column("answer_to", String(64)),  # id of the registered endpoint that is sent the result itself
    Column("waits_for", String(36)),  # the earlier task that refused its last claim
    *_patient_indexes("patient_cpf", "patient_cns", "patient_record"),
    Index("ix_tasks_urgent", "domain", "created_at", "id", **only_where("urgent AND finished_at IS NULL")),
    Index(
        "ix_tasks_sequence",
        "tenant",
        "sequence",
        "created_at",
        "id",
        **only_where("sequence IS NOT NULL AND finished_at IS NULL"),
    ),
    Index("ix_tasks_waits_for", "waits_for", **only_where("waits_for IS NOT NULL")),
    Index(
        "ix_tasks_publish_at",
        "publish_at",
        **only_where("publish_at IS NOT NULL"),
    ),
    # Not partial on the status: the planner would read the whole of such an index to find one key.
    Index(
        "ix_tasks_lease",
        "lease_until",
        **only_where("lease_until IS NOT NULL"),
    ),
    Index("ix_tasks_owner", "owner", **only_where("owner IS NOT NULL")),
    Index(
        "ix_tasks_external",
        "domain",
        "external_id",
        **only_where("external_id IS NOT NULL"),
    ),
)

task_sources = Table(
    "task_sources",
    metadata,
    Column("task_id", ForeignKey("tasks.id"), primary_key=True),
    Column("media_type", String(128), nullable=False),
    Column("body", LargeBinary, nullable=False),  # as it came
    Column("report", JSON, nullable=False),  # what of it was mapped, missing, or not understood
    Column("created_at", UtcDateTime, nullable=False),
)

task_findings = Table(
    "task_findings",
    metadata,
    Column("task_id", ForeignKey("tasks.id"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("evaluation", JSON, nullable=False),
    Column("alerts", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

task_results = Table(
    "task_results",
    metadata,
    Column("task_id", ForeignKey("tasks.id"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("result", JSON, nullable=False),
    Column("degraded", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

task_reviews = Table(
    "task_reviews",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("task_id", ForeignKey("tasks.id"), nullable=False),
    Column("run", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, … within the run; the highest stands, none is ever changed
    Column("decision", String(16), nullable=False),  # aceito | editado | rejeitado
    Column("council", String(16), nullable=False),
    Column("registration", String(20), nullable=False),
    Column("state", String(2), nullable=False),
    Column("reason", Text),
    Column("opinion", Text),  # the edited text
    Column("difference", JSON(none_as_null=True)),  # the edited text against the draft, by sentence
    Column("client", String(128), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_task_reviews_run", "task_id", "run", "number", unique=True),
)

task_events = Table(
    "task_events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("task_id", ForeignKey("tasks.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_task_events_task", "task_id", "id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("client", String(128), primary_key=True),  # or shared.tasks.repeats.ANY_DOOR
    Column("key", String(256), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("task_id", String(36), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_idempotency_created", "created_at"),
)

rejected_messages = Table(
    "rejected_messages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("domain", String(64), nullable=False),
    Column("vhost", String(128), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("message_id", String(256)),
    Column("received_at", UtcDateTime, nullable=False),
    Column("copied_at", UtcDateTime),  # when its copy in eventos.rejeitados was confirmed
    Index("ix_rejected_received", "received_at", "id"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("kind", String(16), nullable=False),  # supervisor | consumer | relay
    Column("supervisor", String(128)),
    Column("domain", String(64)),
    Column("engine", String(16), nullable=False),
    Column("host", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", String(32), nullable=False),
    Column("state", String(24), nullable=False),  # starting | ready | waiting_broker | draining | crash_loop | stopped
    Column("detail", Text, nullable=False, server_default=""),
    Column("slots", Integer, nullable=False, server_default="0"),
    Column("running", JSON, nullable=False),  # ids of the tasks in hand
    Column("restarts", Integer, nullable=False, server_default="0"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Index("ix_workers_heartbeat", "heartbeat_at"),
)
