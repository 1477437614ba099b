"""Making accounts, and moving them between managers."""

import re
import secrets
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from backend.sandbox.googleads import kinds, relations
from backend.sandbox.googleads.accounts import CustomerInfo
from backend.sandbox.googleads.calls import Call, rpc
from backend.sandbox.googleads.demo import constants
from backend.sandbox.googleads.enums import set_enum
from backend.sandbox.googleads.errors import Problem, Refusal, refuse
from backend.sandbox.googleads.names import parse
from backend.sandbox.googleads.transaction import Transaction


@rpc("CustomerService.CreateCustomerClient", writes=True)
def create_customer_client(call: Call) -> Any:
    """A new account under a manager."""
    request, world = call.request, call.services.world
    call.validate_only = request.validate_only
    _check_new(call)
    if request.validate_only:
        call.outcome = "validated"
        return call.rpc.response()
    manager = world.customer(call.customer_id)
    client = request.customer_client
    with world.transaction(call.customer_id) as tx:
        info = CustomerInfo(
            _new_id(tx),
            client.descriptive_name,
            currency_code=client.currency_code,
            time_zone=client.time_zone,
            manager=client.manager,
            test_account=manager.test_account or client.test_account,
            parents=(manager.id,),
        )
        tx.put_info(info)
        own = relations.customer_entity(info)
        own.tracking_url_template, own.auto_tagging_enabled = client.tracking_url_template, client.auto_tagging_enabled
        own.final_url_suffix = client.final_url_suffix
        tx.put("customer", own, info.id)
        tx.put("customer_manager_link", relations.manager_link_entity(info.id, manager.id), info.id)
        tx.put("customer_client_link", relations.client_link_entity(manager.id, info))
        response = call.rpc.response(resource_name=f"customers/{info.id}")
        if request.email_address:
            _invite(tx, info.id, request)
            response.invitation_link = f"https://ads.google.com/nav/startacceptinvite?ivid={secrets.token_hex(8)}"
        call.operations = [{"create_customer_client": {"descriptive_name": info.name}}]
        call.results = [response.resource_name]
        call.commit(tx)
    return response


def _check_new(call: Call) -> None:
    client = call.request.customer_client
    if not call.services.world.customer(call.customer_id).manager:
        raise refuse("customer_error", "CREATION_DENIED_INELIGIBLE_MCC")
    problems = [
        Problem("field_error", "REQUIRED", ("customer_client", name))
        for name in ("descriptive_name", "currency_code", "time_zone")
        if not getattr(client, name)
    ]
    currencies = {currency.code for currency in constants.entities("currency_constant").values()}
    if client.currency_code and client.currency_code not in currencies:
        path = ("customer_client", "currency_code")
        problems.append(Problem("currency_code_error", "UNSUPPORTED", path, trigger=client.currency_code))
    if client.time_zone and client.time_zone not in available_timezones():
        path = ("customer_client", "time_zone")
        problems.append(Problem("time_zone_error", "INVALID_TIME_ZONE", path, trigger=client.time_zone))
    email = call.request.email_address
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        problems.append(Problem("access_invitation_error", "INVALID_EMAIL_ADDRESS", ("email_address",), trigger=email))
    if problems:
        raise Refusal(problems)


def _new_id(tx: Transaction) -> str:
    while True:
        number = str(1_000_000_000 + secrets.randbelow(9_000_000_000))
        if number not in tx.world.customers():
            return number


def _invite(tx: Transaction, customer_id: str, request: Any) -> None:
    invitation: Any = kinds.message_class("customer_user_access_invitation")()
    invitation.invitation_id = tx.world.new_id()
    name = f"customers/{customer_id}/customerUserAccessInvitations/{invitation.invitation_id}"
    invitation.resource_name, invitation.email_address = name, request.email_address
    if request.access_role:
        invitation.access_role = request.access_role
    else:
        set_enum(invitation, "access_role", "STANDARD")
    set_enum(invitation, "invitation_status", "PENDING")
    zone = ZoneInfo(tx.info(customer_id).time_zone)
    invitation.creation_date_time = tx.world.clock.now().astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    tx.put("customer_user_access_invitation", invitation, customer_id)


@rpc("CustomerManagerLinkService.MoveManagerLink", writes=True)
def move_manager_link(call: Call) -> Any:
    """A client changes from one manager to another of the same tree."""
    request, world = call.request, call.services.world
    old = world.get(call.customer_id, "customer_manager_link", request.previous_customer_manager_link)
    target = parse(request.new_manager)
    if old is None:
        path = ("previous_customer_manager_link",)
        raise refuse("mutate_error", "RESOURCE_NOT_FOUND", path=path, trigger=request.previous_customer_manager_link)
    if target is None or target.customer_id not in world.customers():
        raise refuse("mutate_error", "RESOURCE_NOT_FOUND", path=("new_manager",), trigger=request.new_manager)
    new_manager, old_manager = target.customer_id, old.manager_customer.rpartition("/")[2]
    if not world.customer(new_manager).manager or new_manager == call.customer_id:
        raise refuse("manager_link_error", "ACCOUNTS_NOT_COMPATIBLE_FOR_LINKING", path=("new_manager",))
    if call.customer_id in world.ancestors(new_manager):
        raise refuse("manager_link_error", "CYCLE_NOT_ALLOWED", path=("new_manager",))
    call.validate_only = request.validate_only
    link = relations.manager_link_entity(call.customer_id, new_manager)
    if request.validate_only:
        call.outcome = "validated"
        return call.rpc.response()
    with world.transaction(call.customer_id) as tx:
        info = world.customer(call.customer_id)
        parents = tuple(new_manager if parent == old_manager else parent for parent in info.parents)
        moved = replace(info, parents=parents)
        tx.put_info(moved)
        ended = type(old)()
        ended.CopyFrom(old)
        set_enum(ended, "status", "INACTIVE")
        tx.put("customer_manager_link", ended)
        tx.put("customer_manager_link", link)
        tx.put("customer_client_link", relations.client_link_entity(new_manager, moved), new_manager)
        _end_client_link(tx, old_manager, old.manager_link_id)
        call.results = [link.resource_name]
        call.commit(tx)
    return call.rpc.response(resource_name=link.resource_name)


def _end_client_link(tx: Transaction, manager_id: str, link_id: int) -> None:
    for link in [*tx.entities("customer_client_link", manager_id)]:
        if link.manager_link_id == link_id:
            ended = type(link)()
            ended.CopyFrom(link)
            set_enum(ended, "status", "INACTIVE")
            tx.put("customer_client_link", ended, manager_id)
