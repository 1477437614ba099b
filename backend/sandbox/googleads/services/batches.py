"""BatchJobService and the long-running operation behind it.

A job keeps its operations in the store. Running it is one request of the engine in partial-failure mode; its changes,
its results and the job's end are one commit, so a job that was running when the process died simply runs again.
"""

import base64
import json
import threading
from dataclasses import replace
from typing import Any

import grpc
from google.longrunning import operations_pb2

from backend.sandbox.googleads.calls import Call, Services, proto_json, rpc
from backend.sandbox.googleads.enums import enum_name, set_enum
from backend.sandbox.googleads.errors import PlainStatus, Problem, refuse
from backend.sandbox.googleads.mutate import engine
from backend.sandbox.googleads.mutate.operations import MutateRequest, decode
from backend.sandbox.googleads.registry import known
from backend.sandbox.googleads.services import mutates
from backend.sandbox.googleads.transaction import Transaction

MAX_OPERATIONS = 1_000_000
MAX_PAGE = 1_000
_OPERATIONS, _RESULTS, _JOBS = "batch_operations", "batch_results", "batch_jobs"


def _job(call: Call) -> Any:
    name = call.request.resource_name
    job = call.services.world.get(call.customer_id, "batch_job", name)
    if job is None:
        raise refuse("mutate_error", "RESOURCE_NOT_FOUND", path=("resource_name",), trigger=name)
    return job


def _changed(job: Any, status: str) -> Any:
    fresh = type(job)()
    fresh.CopyFrom(job)
    set_enum(fresh, "status", status)
    return fresh


@rpc("BatchJobService.AddBatchJobOperations", writes=True, cost=mutates.operation_count)
def add_operations(call: Call) -> Any:
    """Append operations; the first call has no sequence token, each later one that of the answer before."""
    _job(call)
    request, world = call.request, call.services.world
    if not request.mutate_operations:
        raise refuse("batch_job_error", "EMPTY_OPERATIONS", path=("mutate_operations",))
    if request.ByteSize() > mutates.MAX_REQUEST_BYTES:
        raise refuse("batch_job_error", "REQUEST_TOO_LARGE")
    with world.transaction(call.customer_id) as tx:
        job = tx.get("batch_job", request.resource_name)
        if enum_name(job, "status") != "PENDING":
            raise refuse("batch_job_error", "CANNOT_MODIFY_JOB_AFTER_JOB_STARTS_RUNNING")
        if request.sequence_token != job.next_add_sequence_token:
            token = request.sequence_token
            raise refuse("batch_job_error", "INVALID_SEQUENCE_TOKEN", path=("sequence_token",), trigger=token)
        total = job.metadata.operation_count + len(request.mutate_operations)
        if total > MAX_OPERATIONS:
            raise refuse("resource_count_limit_exceeded_error", "RESOURCE_LIMIT")
        fresh = _changed(job, "PENDING")
        fresh.metadata.operation_count = total
        fresh.next_add_sequence_token = f"{job.id}-{total}"
        tx.put("batch_job", fresh)
        kept = call.rpc.request()
        kept.mutate_operations.extend(request.mutate_operations)
        key = f"{job.resource_name}#{job.metadata.operation_count:09d}"
        tx.put_document(_OPERATIONS, key, base64.b64encode(kept.SerializeToString()).decode())
        call.operations = [proto_json(operation) for operation in request.mutate_operations]
        call.commit(tx)
    return call.rpc.response(total_operations=total, next_sequence_token=fresh.next_add_sequence_token)


@rpc("BatchJobService.RunBatchJob", writes=True)
def run(call: Call) -> Any:
    """Start a job; the answer is its long-running operation."""
    world = call.services.world
    _job(call)
    with world.transaction(call.customer_id) as tx:
        job = tx.get("batch_job", call.request.resource_name)
        if enum_name(job, "status") != "PENDING":
            raise refuse("batch_job_error", "CANNOT_MODIFY_JOB_AFTER_JOB_STARTS_RUNNING")
        running = _changed(job, "RUNNING")
        running.long_running_operation = f"customers/{call.customer_id}/operations/{job.id}"
        running.metadata.start_date_time = _stamp(call.services)
        running.ClearField("next_add_sequence_token")
        tx.put("batch_job", running)
        facts = {"customer_id": call.customer_id, "version": call.version, "user": call.user, "done": False}
        tx.put_document(_JOBS, job.resource_name, json.dumps(facts))
        call.commit(tx)
    threading.Thread(target=_execute, args=(call.services, job.resource_name), daemon=True).start()
    return _operation(running, call.version)


def resume(services: Services) -> None:
    """Run again what was running when the process ended."""
    for name, text in services.world.store.documents(_JOBS).items():
        if not json.loads(text)["done"]:
            threading.Thread(target=_execute, args=(services, name), daemon=True).start()


def _stamp(services: Services) -> str:
    return services.world.clock.now().strftime("%Y-%m-%d %H:%M:%S")


def _execute(services: Services, name: str) -> None:
    facts = json.loads(services.world.store.documents(_JOBS)[name])
    operations: Any = known("GoogleAdsService", "Mutate").request()
    operations.customer_id, operations.partial_failure = facts["customer_id"], True
    for key, text in sorted(services.world.store.documents(_OPERATIONS).items()):
        if key.startswith(f"{name}#"):
            operations.MergeFromString(_as_mutate(text))
    execution = replace(known("BatchJobService", "RunBatchJob"), method="BatchJobExecution")  # the ledger's name for it
    call = Call(services, facts["version"], execution, {}, operations)
    call.user, call.customer_id = facts["user"], facts["customer_id"]
    request = replace(decode(operations, facts["user"]), limit=MAX_OPERATIONS)
    mutates.note_operations(call, request)

    def finish(tx: Transaction, outcome: engine.Outcome) -> None:
        _finish(call, tx, name, request, outcome)

    engine.run(services.world, request, mutates.lookup(services), finish, keep_always=True)
    services.ledger.sync()


def _as_mutate(text: str) -> bytes:
    """Kept AddBatchJobOperations bytes as a MutateGoogleAdsRequest: only the operations, under its field number."""
    add = known("BatchJobService", "AddBatchJobOperations")
    mutate = known("GoogleAdsService", "Mutate")
    kept = add.request.FromString(base64.b64decode(text))
    merged = mutate.request()
    merged.mutate_operations.extend(kept.mutate_operations)
    data: bytes = merged.SerializeToString()
    return data


def _finish(call: Call, tx: Transaction, name: str, request: MutateRequest, outcome: engine.Outcome) -> None:
    job = tx.get("batch_job", name)
    done = _changed(job, "DONE")
    done.metadata.completion_date_time = _stamp(call.services)
    done.metadata.executed_operation_count = done.metadata.operation_count
    done.metadata.estimated_completion_ratio = 1.0
    tx.put("batch_job", done)
    facts = json.loads(tx.world.store.documents(_JOBS)[name])
    tx.put_document(_JOBS, name, json.dumps({**facts, "done": True}))
    tx.put_document(_RESULTS, name, json.dumps(_results(call, request, outcome)))
    call.results, call.problems = mutates.result_names(outcome), outcome.problems
    call.commit(tx, "partial" if outcome.problems else "applied")


def _results(call: Call, request: MutateRequest, outcome: engine.Outcome) -> list[dict[str, str]]:
    """Per operation: its response, or a status with the failure."""
    mutate = known("GoogleAdsService", "Mutate")
    response = mutates.respond(replace(call, rpc=mutate), replace(request, return_resources=True), outcome)
    by_index: dict[int, list[Problem]] = {}
    for problem in outcome.problems:
        first = problem.path[0]
        by_index.setdefault(first[1] if isinstance(first, tuple) else 0, []).append(problem)
    found = []
    for index, slot in enumerate(response.mutate_operation_responses):
        entry = {"response": base64.b64encode(slot.SerializeToString()).decode()}
        if index in by_index:
            entry = {"failure": base64.b64encode(_status(call, by_index[index])).decode()}
        found.append(entry)
    return found


def _status(call: Call, problems: list[Problem]) -> bytes:
    result = known("BatchJobService", "ListBatchJobResults").response().results.add()
    mutates.set_partial_failure(result.status, problems, call)
    data: bytes = result.status.SerializeToString()
    return data


@rpc("BatchJobService.ListBatchJobResults")
def list_results(call: Call) -> Any:
    """Results of a finished job, by pages of at most 1,000."""
    job, request = _job(call), call.request
    if enum_name(job, "status") != "DONE":
        raise refuse("batch_job_error", "RESULTS_NOT_READY")
    if not 0 <= request.page_size <= MAX_PAGE:
        raise refuse("batch_job_error", "INVALID_PAGE_SIZE", path=("page_size",), trigger=request.page_size)
    size = request.page_size or MAX_PAGE
    if request.page_token and not request.page_token.isdigit():
        raise refuse("request_error", "INVALID_PAGE_TOKEN", path=("page_token",), trigger=request.page_token)
    start = int(request.page_token or 0)
    found = json.loads(call.services.world.store.documents(_RESULTS)[job.resource_name])
    whole = request.DESCRIPTOR.fields_by_name["response_content_type"].enum_type.values_by_name["MUTABLE_RESOURCE"]
    response = call.rpc.response()
    for index, entry in enumerate(found[start : start + size], start):
        result = response.results.add(operation_index=index)
        if "failure" in entry:
            result.status.ParseFromString(base64.b64decode(entry["failure"]))
        else:
            slot = result.mutate_operation_response
            slot.ParseFromString(base64.b64decode(entry["response"]))
            if request.response_content_type != whole.number:
                _only_name(slot)
    if start + size < len(found):
        response.next_page_token = str(start + size)
    return response


def _only_name(slot: Any) -> None:
    chosen = slot.WhichOneof("response")
    if chosen is not None:
        inner = getattr(slot, chosen)
        for field, _ in inner.ListFields():
            if field.name != "resource_name":
                inner.ClearField(field.name)


@rpc("Operations.GetOperation")
def get_operation(call: Call) -> Any:
    """The state of a long-running operation."""
    world, name = call.services.world, call.request.name
    for job in world.entities(call.customer_id, "batch_job").values() if call.customer_id else ():
        if job.long_running_operation == name:
            facts = json.loads(world.store.documents(_JOBS)[job.resource_name])
            return _operation(job, facts["version"])
    raise PlainStatus(grpc.StatusCode.NOT_FOUND, f"There is no operation {name}.")


def _operation(job: Any, version: str) -> Any:
    operation = operations_pb2.Operation(name=job.long_running_operation)
    operation.metadata.type_url = (
        f"type.googleapis.com/google.ads.googleads.{version}.resources.BatchJob.BatchJobMetadata"
    )
    operation.metadata.value = job.metadata.SerializeToString()
    if enum_name(job, "status") == "DONE":
        operation.done = True
        operation.response.type_url = "type.googleapis.com/google.protobuf.Empty"
    return operation
