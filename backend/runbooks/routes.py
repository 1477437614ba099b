"""`/api/runbooks`: run a command on an account, and the list of commands."""

from __future__ import annotations

from typing import Any

import flask

from backend.core.http import Blueprint, accepted, idempotent
from backend.core.security import Role, current_actor, requires
from backend.jobs.schemas import JobAcceptedSchema
from backend.runbooks import commands, service
from backend.runbooks.schemas import CommandSchema, RunbookSchema

bp = Blueprint("runbooks", __name__, url_prefix="/api/runbooks", description="Commands on accounts")


@bp.post("/execute")
@requires(Role.VIEWER)
@idempotent
@bp.arguments(RunbookSchema)
@bp.response(202, JobAcceptedSchema)
def execute(order: dict[str, Any]) -> flask.Response:
    """Run a command on an account; the job's status, result and output tell the rest."""
    return accepted(service.execute(order["slug"], order["command"], order["args"], current_actor()))


@bp.get("/commands")
@requires(Role.VIEWER)
@bp.response(200, CommandSchema(many=True))
def index() -> list[dict[str, Any]]:
    """The commands, their arguments and the role that each needs."""
    return [
        {
            "command": command.name,
            "description": command.description,
            "role": command.role.name.lower(),
            "required": list(command.required),
            "optional": list(command.optional),
        }
        for command in commands.COMMANDS.values()
    ]
