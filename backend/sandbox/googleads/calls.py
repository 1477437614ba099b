"""One call under way, and the registry of what answers it."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict

from backend.sandbox.googleads.access import Access
from backend.sandbox.googleads.errors import Problem
from backend.sandbox.googleads.faults import Fault, Faults
from backend.sandbox.googleads.ledger import Ledger
from backend.sandbox.googleads.names import public_name
from backend.sandbox.googleads.policy import Policy
from backend.sandbox.googleads.quota import Quota
from backend.sandbox.googleads.registry import Rpc
from backend.sandbox.googleads.tokens import Tokens
from backend.sandbox.googleads.transaction import Transaction
from backend.sandbox.googleads.world import World


@dataclass(frozen=True, slots=True)
class Services:
    """What every call may use."""

    world: World
    tokens: Tokens
    access: Access
    faults: Faults
    quota: Quota
    policy: Policy
    ledger: Ledger
    features: dict[str, bool]  # account features that a test can switch, see admin


@dataclass(slots=True)
class Call:
    """One RPC: who asks what, and what the ledger will say of it. `request` is of the store's version."""

    services: Services
    version: str
    rpc: Rpc
    metadata: Mapping[str, str]
    request: Any = None
    request_id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    user: str = ""
    login_customer_id: str = ""
    customer_id: str = ""
    fault: Fault | None = None
    outcome: str = "read"
    validate_only: bool = False
    operations: list[dict[str, Any]] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    written: bool = False  # the ledger has its line

    @property
    def name(self) -> str:
        return self.rpc.name

    def line(self, status: str) -> dict[str, Any]:
        """The call's ledger line (without its number)."""
        return {
            "time": self.services.world.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request_id": self.request_id,
            "version": self.version,
            "customer_id": self.customer_id,
            "method": self.name,
            "validate_only": self.validate_only,
            "outcome": self.outcome,
            "grpc_status": status,
            "operations": self.operations,
            "results": self.results,
            "errors": [problem_json(problem) for problem in self.problems],
        }

    def commit(self, tx: Transaction, outcome: str = "applied") -> None:
        """Make a transaction durable together with the call's ledger line."""
        self.outcome = outcome
        self.services.ledger.applied(self.line(self.fault.status() if self.fault else "OK"), tx)
        self.written = True


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as the ledger shows it."""
    path = ".".join(f"{e[0]}[{e[1]}]" if isinstance(e, tuple) else e for e in problem.path)
    return {"code": problem.name, "path": path, "message": problem.message, "trigger": problem.trigger}


def proto_json(message: Any) -> dict[str, Any]:
    """Proto JSON with proto field names, Python's keywords freed of the package's underscore."""
    renamed: dict[str, Any] = _renamed(MessageToDict(message, preserving_proto_field_name=True))
    return renamed


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {public_name(key): _renamed(item) for key, item in value.items()}
    return [_renamed(item) for item in value] if isinstance(value, list) else value


Unary = Callable[[Call], Any]
Streaming = Callable[[Call], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Method:
    """What answers an RPC. `writes` needs more than a read-only role; `free` needs no customer."""

    answer: Unary | Streaming
    writes: bool = False
    cost: Callable[[Any], int] = lambda _: 1


METHODS: dict[str, Method] = {}


def rpc(*names: str, writes: bool = False, cost: Callable[[Any], int] = lambda _: 1) -> Callable[[Unary], Unary]:
    """Let a function answer these RPCs ("Service.Method"); it returns a message of the store's version or bytes."""

    def register(answer: Unary) -> Unary:
        for name in names:
            METHODS[name] = Method(answer, writes, cost)
        return answer

    return register
