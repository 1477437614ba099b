"""Customer Match and store sales: jobs of user data, and direct uploads."""

import base64
import re
from typing import Any

from google.longrunning import operations_pb2

from backend.sandbox.googleads.calls import Call, proto_json, rpc
from backend.sandbox.googleads.enums import enum_name, set_enum
from backend.sandbox.googleads.errors import Path, Problem, Refusal, refuse
from backend.sandbox.googleads.services.mutates import operation_count, set_partial_failure

MAX_IDENTIFIERS = 20
_OPERATIONS = "user_data_operations"
_HASHED = ("hashed_email", "hashed_phone_number")


@rpc("OfflineUserDataJobService.CreateOfflineUserDataJob", writes=True)
def create_job(call: Call) -> Any:
    """A pending job."""
    request, world = call.request, call.services.world
    kind = enum_name(request.job, "type_")
    if kind in ("", "UNSPECIFIED"):
        raise refuse("field_error", "REQUIRED", path=("job", "type"))
    if kind.startswith("CUSTOMER_MATCH"):
        name = request.job.customer_match_user_list_metadata.user_list
        if world.get(call.customer_id, "user_list", name) is None:
            path = ("job", "customer_match_user_list_metadata", "user_list")
            raise refuse("offline_user_data_job_error", "INVALID_USER_LIST_ID", path=path, trigger=name)
    call.validate_only = request.validate_only
    if request.validate_only:
        call.outcome = "validated"
        return call.rpc.response()
    with world.transaction(call.customer_id) as tx:
        job = type(request.job)()
        job.CopyFrom(request.job)
        job.id = world.new_id()
        job.resource_name = f"customers/{call.customer_id}/offlineUserDataJobs/{job.id}"
        set_enum(job, "status", "PENDING")
        tx.put("offline_user_data_job", job)
        call.operations, call.results = [{"create": proto_json(request.job)}], [job.resource_name]
        call.commit(tx)
    return call.rpc.response(resource_name=job.resource_name)


def _pending(call: Call) -> Any:
    job = call.services.world.get(call.customer_id, "offline_user_data_job", call.request.resource_name)
    if job is None:
        name = call.request.resource_name
        raise refuse("mutate_error", "RESOURCE_NOT_FOUND", path=("resource_name",), trigger=name)
    if enum_name(job, "status") != "PENDING":
        raise refuse("offline_user_data_job_error", "JOB_ALREADY_STARTED", path=("resource_name",))
    return job


@rpc("OfflineUserDataJobService.AddOfflineUserDataJobOperations", writes=True, cost=operation_count)
def add_operations(call: Call) -> Any:
    """People to add or remove. Nobody's data can be read back; the job keeps what it counts."""
    request, world = call.request, call.services.world
    job = _pending(call)
    if not request.operations:
        raise refuse("field_error", "REQUIRED", path=("operations",))
    problems = [p for i, operation in enumerate(request.operations) for p in _check(operation, (("operations", i),))]
    if problems and not request.enable_partial_failure:
        raise Refusal(problems)
    call.validate_only, call.problems = request.validate_only, problems
    if request.validate_only:
        call.outcome = "validated"
    else:
        with world.transaction(call.customer_id) as tx:
            key = f"{job.resource_name}#{world.new_id()}"
            tx.put_document(_OPERATIONS, key, base64.b64encode(request.SerializeToString()).decode())
            call.commit(tx, "partial" if problems else "applied")
    response = call.rpc.response()
    if problems:
        set_partial_failure(response.partial_failure_error, problems, call)
    return response


def _check(operation: Any, path: Path) -> list[Problem]:
    action = operation.WhichOneof("operation")
    if action is None:
        return [Problem("field_error", "REQUIRED", (*path, "operation"))]
    if action == "remove_all":
        return []
    data = getattr(operation, action)
    kind = "offline_user_data_job_error"
    if not data.user_identifiers:
        return [Problem(kind, "MISSING_USER_IDENTIFIER", (*path, action, "user_identifiers"))]
    if len(data.user_identifiers) > MAX_IDENTIFIERS:
        return [Problem(kind, "TOO_MANY_USER_IDENTIFIERS", (*path, action, "user_identifiers"))]
    found = []
    for index, identifier in enumerate(data.user_identifiers):
        for name in _HASHED:
            value = getattr(identifier, name)
            if value and not re.fullmatch(r"[0-9a-f]{64}", value):
                where = (*path, action, ("user_identifiers", index), name)
                found.append(Problem(kind, "INVALID_SHA256_FORMAT", where, trigger=value))
    return found


@rpc("OfflineUserDataJobService.RunOfflineUserDataJob", writes=True)
def run_job(call: Call) -> Any:
    """Run a job; it is done at once."""
    world = call.services.world
    _pending(call)
    call.validate_only = call.request.validate_only
    operation = operations_pb2.Operation(name=f"customers/{call.customer_id}/operations/{world.new_id()}", done=True)
    operation.response.type_url = "type.googleapis.com/google.protobuf.Empty"
    if call.request.validate_only:
        call.outcome = "validated"
        return operation
    with world.transaction(call.customer_id) as tx:
        job = tx.get("offline_user_data_job", call.request.resource_name)
        done = type(job)()
        done.CopyFrom(job)
        set_enum(done, "status", "SUCCESS")
        tx.put("offline_user_data_job", done)
        call.commit(tx)
    return operation


@rpc("UserDataService.UploadUserData", writes=True, cost=operation_count)
def upload(call: Call) -> Any:
    """Direct upload of at most ten operations."""
    request, world = call.request, call.services.world
    if not request.operations:
        raise refuse("field_error", "REQUIRED", path=("operations",))
    if len(request.operations) > 10:
        raise refuse("collection_size_error", "TOO_MANY", path=("operations",))
    name = request.customer_match_user_list_metadata.user_list
    if name and world.get(call.customer_id, "user_list", name) is None:
        path = ("customer_match_user_list_metadata", "user_list")
        raise refuse("mutate_error", "RESOURCE_NOT_FOUND", path=path, trigger=name)
    problems = [p for i, operation in enumerate(request.operations) for p in _check(operation, (("operations", i),))]
    if problems:
        raise Refusal(problems)
    stamp = world.clock.now().strftime("%Y-%m-%d %H:%M:%S+00:00")
    return call.rpc.response(upload_date_time=stamp, received_operations_count=len(request.operations))
