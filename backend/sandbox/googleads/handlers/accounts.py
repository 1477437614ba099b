"""Accounts: their settings, links between managers and clients, and the people who may use them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from backend.sandbox.googleads import relations
from backend.sandbox.googleads.enums import enum_name, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

MAX_MANAGERS, MAX_DEPTH, MAX_INVITATIONS = 5, 6, 20
CLIENT_LINKS = Index("customer_client_link", lambda link: link.client_customer)


@rules_for("customer")
class CustomerRules(Rules):
    """The account's own settings."""

    actions = frozenset(("update",))

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        checks.text_length(op, new.descriptive_name, 255, "descriptive_name")
        template = new.tracking_url_template
        if template and "{lpurl" not in template:
            op.fail("url_field_error", "MISSING_TRACKING_URL_TEMPLATE_TAG", "tracking_url_template", trigger=template)
        if new.descriptive_name != old.descriptive_name:
            op.tx.put_info(replace(op.customer, name=new.descriptive_name))


@rules_for("customer_client_link")
class ClientLinkRules(Rules):
    """A manager invites a client (PENDING), withdraws (CANCELED), hides, or lets go (INACTIVE)."""

    actions = frozenset(("create", "update"))

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "client_customer"):
            return
        status = enum_name(new, "status")
        if status != "PENDING":
            op.fail("manager_link_error", "CREATING_ENABLED_LINK_NOT_ALLOWED", "status", trigger=status)
        client_id = new.client_customer.rpartition("/")[2]
        world = op.tx.world
        if not op.customer.manager:
            op.fail("manager_link_error", "ACCOUNTS_NOT_COMPATIBLE_FOR_LINKING", "client_customer")
        elif client_id == op.tx.customer_id:
            op.fail("manager_link_error", "CUSTOMER_CANNOT_MANAGE_SELF", "client_customer")
        elif client_id in world.ancestors(op.tx.customer_id):
            op.fail("customer_client_link_error", "CYCLIC_LINK_NOT_ALLOWED", "client_customer")
        elif op.tx.customer_id in world.ancestors(client_id):
            op.fail("customer_client_link_error", "CLIENT_ALREADY_MANAGED_IN_HIERARCHY", "client_customer")
        elif len(op.tx.info(client_id).parents) >= MAX_MANAGERS:
            op.fail("customer_client_link_error", "CLIENT_HAS_TOO_MANY_MANAGERS", "client_customer")
        else:
            self._invitations(op, new)

    def _invitations(self, op: Op, new: Any) -> None:
        for link in op.tx.find(CLIENT_LINKS, new.client_customer):
            if enum_name(link, "status") == "PENDING":
                code = "CLIENT_ALREADY_INVITED_BY_THIS_MANAGER"
                op.fail("customer_client_link_error", code, "client_customer")
        pending = sum(1 for link in op.tx.entities(self.kind) if enum_name(link, "status") == "PENDING")
        if pending >= MAX_INVITATIONS:
            op.fail("customer_client_link_error", "CLIENT_HAS_TOO_MANY_INVITATIONS", "client_customer")

    def part(self, op: Op, new: Any, part: str) -> str | None:
        return str(op.tx.world.new_id()) if part == "manager_link_id" else None

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        """The client sees the invitation from its side."""
        new.manager_link_id = int(parts["manager_link_id"])
        client_id = parts["client_customer_id"]
        other = relations.manager_link_entity(client_id, op.tx.customer_id)
        other.manager_link_id = new.manager_link_id
        name = f"customers/{client_id}/customerManagerLinks/{op.tx.customer_id}~{new.manager_link_id}"
        other.resource_name = name
        set_enum(other, "status", "PENDING")
        op.tx.put("customer_manager_link", other, client_id)

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        client_id = new.client_customer.rpartition("/")[2]
        before, after = enum_name(old, "status"), enum_name(new, "status")
        if before != after:
            if (before, after) not in (("PENDING", "CANCELED"), ("ACTIVE", "INACTIVE")):
                op.fail("manager_link_error", "INVALID_STATUS_CHANGE", "status", trigger=after)
                return
            _mirror(op, "customer_manager_link", client_id, old.manager_link_id, after)
            if after == "INACTIVE":
                _unlink(op, op.tx.customer_id, client_id)
        if new.hidden != old.hidden:
            _hide(op, client_id, hidden=new.hidden)


def _mirror(op: Op, kind: str, customer_id: str, link_id: int, status: str) -> None:
    """Give the other side of a link the same status."""
    for link in [*op.tx.entities(kind, customer_id)]:
        if link.manager_link_id == link_id:
            changed = type(link)()
            changed.CopyFrom(link)
            set_enum(changed, "status", status)
            op.tx.put(kind, changed, customer_id)


def _unlink(op: Op, manager_id: str, client_id: str) -> None:
    info = op.tx.info(client_id)
    op.tx.put_info(replace(info, parents=tuple(parent for parent in info.parents if parent != manager_id)))


def _hide(op: Op, client_id: str, *, hidden: bool) -> None:
    info = op.tx.info(client_id)
    if info.manager:
        op.fail("customer_client_link_error", "CANNOT_HIDE_OR_UNHIDE_MANAGER_ACCOUNTS", "hidden")
        return
    others = tuple(manager for manager in info.hidden_under if manager != op.tx.customer_id)
    op.tx.put_info(replace(info, hidden_under=(*others, op.tx.customer_id) if hidden else others))


@rules_for("customer_manager_link")
class ManagerLinkRules(Rules):
    """A client accepts (ACTIVE), refuses, or leaves its manager."""

    actions = frozenset(("update",))
    _ALLOWED = (("PENDING", "ACTIVE"), ("PENDING", "REFUSED"), ("ACTIVE", "INACTIVE"))

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        before, after = enum_name(old, "status"), enum_name(new, "status")
        manager_id, client_id = new.manager_customer.rpartition("/")[2], op.tx.customer_id
        if (before, after) not in self._ALLOWED:
            op.fail("manager_link_error", "INVALID_STATUS_CHANGE", "status", trigger=after)
        elif after == "ACTIVE" and len(op.tx.world.ancestors(manager_id)) + 2 > MAX_DEPTH:
            op.fail("manager_link_error", "MAX_DEPTH_EXCEEDED", "status")
        else:
            _mirror(op, "customer_client_link", manager_id, old.manager_link_id, after)
            info = op.customer
            if after == "ACTIVE":
                op.tx.put_info(replace(info, parents=(*info.parents, manager_id)))
            elif before == "ACTIVE":
                _unlink(op, manager_id, client_id)


@rules_for("customer_user_access")
class UserAccessRules(Rules):
    """A person's role; the last administrator stays."""

    actions = frozenset(("update", "remove"))

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if enum_name(old, "access_role") == "ADMIN" and enum_name(new, "access_role") != "ADMIN":
            self._keep_one(op, old)

    def remove(self, op: Op, old: Any) -> None:
        if enum_name(old, "access_role") == "ADMIN":
            self._keep_one(op, old)

    def _keep_one(self, op: Op, old: Any) -> None:
        admins = [a for a in op.tx.entities(self.kind) if enum_name(a, "access_role") == "ADMIN"]
        if len(admins) == 1 and not (op.customer.parents and not op.customer.manager):
            code = "LAST_ADMIN_USER_OF_MANAGER" if op.customer.manager else "LAST_ADMIN_USER_OF_SERVING_CUSTOMER"
            op.fail("customer_user_access_error", code, trigger=old.email_address)


@rules_for("customer_user_access_invitation")
class InvitationRules(Rules):
    """An invitation by e-mail."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        email = new.email_address
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            op.fail("access_invitation_error", "INVALID_EMAIL_ADDRESS", "email_address", trigger=email)
        if new.access_role == 0:
            op.fail("field_error", "REQUIRED", "access_role")
        if any(access.email_address == email for access in op.tx.entities("customer_user_access")):
            op.fail("access_invitation_error", "EMAIL_ADDRESS_ALREADY_HAS_ACCESS", "email_address", trigger=email)
        if any(other.email_address == email for other in op.tx.entities(self.kind)):
            code = "EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION"
            op.fail("access_invitation_error", code, "email_address", trigger=email)
        set_enum(new, "invitation_status", "PENDING")
        new.creation_date_time = op.now().isoformat(" ")
