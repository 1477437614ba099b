"""From bytes and metadata to an answer: the same path for every RPC of every version.

Order: fault `before` → credentials → request → permission → quota → answer → fault `after`. Requests are parsed with
the newest version's class (no field number was ever reused), so a call of any version reaches one implementation; the
failure's metadata key carries the version of the call.
"""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from backend.sandbox.googleads import access, errors, registry
from backend.sandbox.googleads.calls import Call, Method, Services, proto_json
from backend.sandbox.googleads.errors import PlainStatus, Problem, Refusal, refuse
from backend.sandbox.googleads.kinds import STORE_VERSION, VERSIONS
from backend.sandbox.googleads.methods import METHODS
from backend.sandbox.googleads.services import mutates

LIVE_PREFIX = "/google.ads.googleads."


class Dispatcher:
    """Answers calls. One instance per server; threads share it."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def unary(self, path: str, body: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer a unary RPC; aborts the context when it is refused."""
        call = self._open(path, context)
        try:
            answer = self._answered(call, body)
            data: bytes = answer if isinstance(answer, bytes) else answer.SerializeToString()
        except Exception as problem:  # noqa: BLE001 - whatever happens, the client sees a status and no traceback
            self._abort(context, call, problem)
        self._finish(call)
        context.set_trailing_metadata((("request-id", call.request_id),))
        return data

    def stream(self, path: str, body: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer a server-streaming RPC."""
        call = self._open(path, context)
        try:
            method = self._admit(call, body)
            yield from self._faulty_stream(call, method.answer(call))
        except GeneratorExit:  # the client went away
            self._finish(call, "CANCELLED")
            raise
        except Exception as problem:  # noqa: BLE001 - as above
            self._abort(context, call, problem)
        self._finish(call)
        context.set_trailing_metadata((("request-id", call.request_id),))

    def _open(self, path: str, context: grpc.ServicerContext) -> Call:
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        pieces = path.split("/")
        service = pieces[1].rpartition(".")[2] if len(pieces) == 3 else ""
        version = path.removeprefix(LIVE_PREFIX).split(".", 1)[0] if path.startswith(LIVE_PREFIX) else STORE_VERSION
        known = registry.newest(service, pieces[-1])
        described = known or registry.Rpc(version, service, pieces[-1], None, None, False)
        return Call(self.services, version, described, metadata)

    def _answered(self, call: Call, body: bytes) -> Any:
        method = self._admit(call, body)
        fault = call.fault
        if fault is not None and fault.when == "late":
            timer = threading.Timer(fault.delay_s, _apply_late, (call, method.answer))
            timer.daemon = True
            timer.start()
            call.outcome = "faulted"
            raise fault.exception()
        if fault is not None and fault.when == "slow":
            time.sleep(fault.delay_s)
        answer = method.answer(call)
        if fault is not None and fault.when in ("after", "cut"):
            if not call.written:
                call.outcome = "faulted"
            raise fault.exception()
        return answer

    def _admit(self, call: Call, body: bytes) -> Method:
        """Everything that is checked before a method is asked to answer."""
        _check_version(call)
        if call.rpc.request is None:
            raise PlainStatus(grpc.StatusCode.UNIMPLEMENTED, _unknown(call))
        call.request = _parsed(call, body)
        call.customer_id = _customer_of(call.request)
        call.fault = self.services.faults.take(call.name, call.customer_id)
        if call.fault is not None and call.fault.when == "before":
            call.outcome = "faulted"
            raise call.fault.exception()
        call.user = self.services.tokens.user_of(call.metadata.get("authorization", ""))
        call.login_customer_id = access.login_customer_of(call.metadata)
        method = METHODS.get(call.name)
        if method is None and mutates.is_mutate(call.request.DESCRIPTOR) and call.rpc.method.startswith("Mutate"):
            method = METHODS["GoogleAdsService.Mutate"]
        if method is None:
            raise PlainStatus(grpc.StatusCode.UNIMPLEMENTED, f"The sandbox does not emulate {call.name}.")
        if call.customer_id or "customer_id" in call.request.DESCRIPTOR.fields_by_name:
            self.services.access.check(call.user, call.customer_id, call.login_customer_id, writes=method.writes)
            self._check_project(call)
        self.services.quota.charge(call.customer_id, method.cost(call.request))
        return method

    def _check_project(self, call: Call) -> None:
        """A project without production access works on test accounts only."""
        info = self.services.world.customer(call.customer_id)
        if not self.services.features["production_access"] and not info.test_account:
            raise refuse("authorization_error", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION")

    def _faulty_stream(self, call: Call, messages: Iterator[bytes]) -> Iterator[bytes]:
        fault = call.fault
        for position, message in enumerate(messages):
            if fault is not None and fault.when == "slow":
                time.sleep(fault.delay_s)
            yield message
            if fault is not None and position == 0:
                if fault.when == "stall":
                    time.sleep(fault.delay_s)
                elif fault.when == "cut":
                    raise fault.exception()
        if fault is not None and fault.when in ("after", "cut"):
            raise fault.exception()

    def _finish(self, call: Call, status: str = "OK") -> None:
        ledger = self.services.ledger
        if call.written:
            ledger.sync()
        else:
            if not call.operations and call.request is not None and call.rpc.method != "Mutate":
                call.operations = [proto_json(call.request)]
            ledger.read(call.line(status))

    def _abort(self, context: grpc.ServicerContext, call: Call, problem: Exception) -> None:
        """Answer with a status; a failure travels in the trailing metadata under the call's version."""
        if not isinstance(problem, Refusal | PlainStatus):
            traceback.print_exception(problem, file=sys.stderr)
            problem = refuse("internal_error", "INTERNAL_ERROR")
        trailing: list[tuple[str, str | bytes]] = [("request-id", call.request_id)]
        if isinstance(problem, Refusal):
            failed = errors.failure(problem.problems, call.request_id)
            key = f"google.ads.googleads.{call.version}.errors.googleadsfailure-bin"
            trailing.append((key, failed.SerializeToString()))
            status, message = problem.grpc_status(), _status_message(problem)
            if not call.written:
                call.problems = list(problem.problems)
        else:
            status, message = problem.status, problem.message
        if not call.written and call.outcome != "faulted":
            call.outcome = "refused"
        self._finish(call, status.name)
        context.set_trailing_metadata(tuple(trailing))
        context.abort(status, message)


def _status_message(refusal: Refusal) -> str:
    first = refusal.problems[0]
    if refusal.grpc_status() is grpc.StatusCode.INVALID_ARGUMENT:
        return "Request contains an invalid argument."
    return first.message or errors.documented_message(first.kind, first.code)


def _check_version(call: Call) -> None:
    if call.version not in VERSIONS:
        raise Refusal([Problem("request_error", "UNSUPPORTED_VERSION", trigger=call.version)])


def _unknown(call: Call) -> str:
    """Why there is no such RPC: it is one that later versions dropped, or there never was one."""
    if f"{LIVE_PREFIX}{call.version}.services.{call.rpc.service}/{call.rpc.method}" in registry.rpcs(call.version):
        return f"The sandbox does not emulate {call.name} (only in {call.version})."
    return f"There is no RPC {call.name} in {call.version}."


def _parsed(call: Call, body: bytes) -> Any:
    try:
        return call.rpc.request.FromString(body)
    except DecodeError:
        text = "The request could not be parsed."
        raise PlainStatus(grpc.StatusCode.INVALID_ARGUMENT, text) from None


def _customer_of(request: Any) -> str:
    """The account a request is about: its customer_id, or that of the resource it names."""
    fields = request.DESCRIPTOR.fields_by_name
    if "customer_id" in fields:
        return str(request.customer_id)
    for name in ("resource_name", "name"):
        if name in fields and str(getattr(request, name)).startswith("customers/"):
            return str(getattr(request, name)).split("/")[1]
    return ""


def _apply_late(call: Call, answer: Callable[[Call], Any]) -> None:
    """Do what a `late` fault postponed; its refusal has nobody left to tell."""
    late = Call(call.services, call.version, call.rpc, call.metadata, call.request, call.request_id)
    late.user, late.customer_id, late.fault = call.user, call.customer_id, call.fault
    try:
        answer(late)
    except Refusal as refusal:
        late.outcome, late.problems = "refused", list(refusal.problems)
    if late.written:
        call.services.ledger.sync()
    else:
        call.services.ledger.read(late.line("DEADLINE_EXCEEDED"))
