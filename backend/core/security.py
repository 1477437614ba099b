"""Who acts, with which role, and the decorator that every route carries: deny by default.

A route is either `@requires(Role.X)` or `@public`; `unguarded_endpoints` finds the ones that are neither, and the
application refuses to start with one. A role holds everywhere in the tenant or on single accounts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal, ParamSpec, TypeVar
from uuid import UUID

from flask import Flask, g

from backend.core.errors import Forbidden, NotFound, Unauthenticated

P = ParamSpec("P")
R = TypeVar("R")
GUARD = "__required_role__"
READER = "actor_reader"


class Role(IntEnum):
    """What a person may do; each role includes the ones below it."""

    VIEWER = 1
    EDITOR = 2
    PUBLISHER = 3
    ADMIN = 4


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a person, a service, or the system itself (a beat schedule)."""

    tenant_id: UUID
    user_id: UUID | None
    name: str
    kind: Literal["user", "service", "system"] = "user"
    everywhere: Role | None = None
    on_customer: Mapping[UUID, Role] = field(default_factory=dict)
    session_id: UUID | None = None
    token_id: UUID | None = None

    @property
    def highest_role(self) -> Role | None:
        """The highest role the actor holds anywhere."""
        roles = [*self.on_customer.values(), *([self.everywhere] if self.everywhere else [])]
        return max(roles, default=None)

    @property
    def visible_customers(self) -> frozenset[UUID] | None:
        """Our ids of the accounts the actor may see; None means every account of the tenant."""
        return None if self.everywhere else frozenset(self.on_customer)

    def role_on(self, customer_id: UUID) -> Role | None:
        """The role the actor holds on one account."""
        roles = [role for role in (self.everywhere, self.on_customer.get(customer_id)) if role]
        return max(roles, default=None)

    def must_be(self, role: Role, customer_id: UUID) -> None:
        """Refuse an actor who lacks `role` on the account.

        Raises:
            NotFound: the actor may not even see the account.
            Forbidden: the actor sees it with a lower role.
        """
        held = self.role_on(customer_id)
        if held is None:
            raise NotFound("There is no such account.")
        if held < role:
            raise Forbidden(f"This needs the role {role.name.lower()} on the account; you are {held.name.lower()}.")


def current_actor() -> Actor:
    """The actor of this request.

    Raises:
        Unauthenticated: the request carries no credential that holds.
    """
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise g.get("authentication_problem") or Unauthenticated(
            "Send a bearer token (Authorization: Bearer …) or sign in.", headers={"WWW-Authenticate": "Bearer"}
        )
    return actor


def read_actors_with(app: Flask, reader: Callable[[], Actor | None]) -> None:
    """Say who finds the actor of a request; called once, by the layer that knows credentials."""
    app.extensions[READER] = reader


def actor_of(app: Flask, environ: Mapping[str, Any]) -> Actor | None:
    """Look up the credential of a request once more, None when it no longer holds.

    For what outlives its request (event streams). Must not run inside a request.
    """
    with app.request_context(dict(environ)):
        found: Actor | None = app.extensions[READER]()
    return found


def requires(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a route run only for an actor who holds `role` somewhere; services check the single account."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            held = current_actor().highest_role
            if held is None or held < role:
                raise Forbidden(f"This needs the role {role.name.lower()}.")
            return view(*args, **kwargs)

        setattr(guarded, GUARD, role)
        return guarded

    return decorate


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Say on purpose that a route answers everybody."""
    setattr(view, GUARD, None)
    return view


def unguarded_endpoints(app: Flask) -> list[str]:
    """The endpoints that carry neither a role nor `@public`."""
    return sorted(name for name, view in app.view_functions.items() if not hasattr(view, GUARD))
