"""Batch jobs as entities: created empty, removed while pending."""

from typing import Any

from backend.sandbox.googleads.enums import enum_name, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

MAX_ACTIVE = 100


@rules_for("batch_job")
class BatchJobRules(Rules):
    """One job."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        set_enum(new, "status", "PENDING")
        new.metadata.creation_date_time = op.tx.world.clock.now().strftime("%Y-%m-%d %H:%M:%S")
        new.metadata.operation_count = new.metadata.executed_operation_count = 0
        active = sum(1 for job in op.tx.entities(self.kind) if enum_name(job, "status") in ("PENDING", "RUNNING"))
        enclosing = (op.tx.customer_id, "Customer")
        checks.limit(op, active, MAX_ACTIVE, "BATCH_JOBS_PER_CUSTOMER", enclosing=enclosing, code="ACCOUNT_LIMIT")

    def remove(self, op: Op, old: Any) -> None:
        if enum_name(old, "status") != "PENDING":
            op.fail("batch_job_error", "CAN_ONLY_REMOVE_PENDING_JOB", trigger=old.resource_name)
