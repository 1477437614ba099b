"""Entities that follow from the account tree: who may use an account, and the links between accounts."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.accounts import BaseCustomer, CustomerInfo


def user_id(email: str) -> int:
    """The stable id of a Google user."""
    return 10_000_000 + zlib.crc32(email.encode()) % 80_000_000


def link_id(manager_id: str, client_id: str) -> int:
    """The stable id of a link that the demo data starts with."""
    return 20_000_000 + zlib.crc32(f"{manager_id}/{client_id}".encode()) % 80_000_000


def entities_of(base: BaseCustomer, infos: Sequence[CustomerInfo]) -> Iterator[tuple[str, Any]]:
    """(kind, message) of an account's own row, its users and its links, as the demo tree states them."""
    info = base.info
    yield "customer", customer_entity(info)
    for email, role in base.users:
        yield "customer_user_access", user_access_entity(info.id, email, role)
    for manager_id in info.parents:
        yield "customer_manager_link", manager_link_entity(info.id, manager_id)
    for client in infos:
        if info.id in client.parents:
            yield "customer_client_link", client_link_entity(info.id, client)


def _enum(message: Any, field: str, name: str) -> int:
    return int(message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_name[name].number)


def customer_entity(info: CustomerInfo) -> Any:
    """The `customer` row of an account."""
    message: Any = kinds.message_class("customer")()
    message.resource_name = f"customers/{info.id}"
    message.id = int(info.id)
    message.descriptive_name = info.name
    message.currency_code, message.time_zone = info.currency_code, info.time_zone
    message.manager, message.test_account = info.manager, info.test_account
    message.auto_tagging_enabled = False
    message.status = _enum(message, "status", info.status)
    return message


def user_access_entity(customer_id: str, email: str, role: str) -> Any:
    """One person's direct access to an account."""
    message: Any = kinds.message_class("customer_user_access")()
    message.user_id = user_id(email)
    message.resource_name = f"customers/{customer_id}/customerUserAccesses/{message.user_id}"
    message.email_address = email
    message.access_role = _enum(message, "access_role", role)
    message.access_creation_date_time = "2024-01-15 09:00:00"
    return message


def role_of(access: Any) -> str:
    """The name of a person's role."""
    roles = access.DESCRIPTOR.fields_by_name["access_role"].enum_type
    return str(roles.values_by_number[access.access_role].name)


def manager_link_entity(client_id: str, manager_id: str) -> Any:
    """The client's side of an active link."""
    message: Any = kinds.message_class("customer_manager_link")()
    message.manager_link_id = link_id(manager_id, client_id)
    message.resource_name = f"customers/{client_id}/customerManagerLinks/{manager_id}~{message.manager_link_id}"
    message.manager_customer = f"customers/{manager_id}"
    message.status = _enum(message, "status", "ACTIVE")
    return message


def client_link_entity(manager_id: str, client: CustomerInfo) -> Any:
    """The manager's side of an active link."""
    message: Any = kinds.message_class("customer_client_link")()
    message.manager_link_id = link_id(manager_id, client.id)
    message.resource_name = f"customers/{manager_id}/customerClientLinks/{client.id}~{message.manager_link_id}"
    message.client_customer = f"customers/{client.id}"
    message.status = _enum(message, "status", "ACTIVE")
    message.hidden = manager_id in client.hidden_under
    return message
