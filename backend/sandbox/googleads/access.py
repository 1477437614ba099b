"""Who may do what: users, managers, login-customer-id, disabled accounts.

Sources: the API's documentation of `login-customer-id` and GOOGLE_ADS_FACTS 2.5.
"""

import re
from collections.abc import Mapping

from backend.sandbox.googleads.errors import refuse
from backend.sandbox.googleads.tokens import SERVICE_ACCOUNT
from backend.sandbox.googleads.world import World

_RANK = {"EMAIL_ONLY": 0, "READ_ONLY": 1, "STANDARD": 2, "ADMIN": 3}
_DENIED = (
    "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's "
    "customer id must be set in the 'login-customer-id' header. See "
    "https://developers.google.com/google-ads/api/docs/concepts/call-structure#cid"
)


class Access:
    """Permissions derived from the account tree and its users."""

    def __init__(self, world: World) -> None:
        self._world = world

    def users(self) -> list[str]:
        """Every Google user the sandbox knows, in a stable order."""
        found: dict[str, None] = {}
        for customer_id in self._world.customers():
            for email, _ in self._world.users(customer_id):
                found[email] = None
        return [*found]

    def direct(self, email: str) -> dict[str, str]:
        """Accounts the user has direct access to, with the role in each."""
        found = {}
        for customer_id, info in self._world.customers().items():
            for user, role in self._world.users(customer_id):
                if user == email:
                    found[customer_id] = role
            if email == SERVICE_ACCOUNT and info.manager and not info.parents:
                found[customer_id] = "ADMIN"
        return found

    def role_in(self, email: str, customer_id: str) -> str | None:
        """The best role the user has in an account, directly or through a manager above it."""
        line = {customer_id, *self._world.ancestors(customer_id)}
        roles = [role for cid, role in self.direct(email).items() if cid in line]
        return max(roles, key=lambda role: _RANK[role], default=None)

    def check(self, email: str, customer_id: str, login_customer_id: str, *, writes: bool) -> None:
        """Refuse as Google does when this user may not work on this account that way."""
        if not re.fullmatch(r"\d{10}", customer_id):
            text = f"Invalid customer ID '{customer_id}'."
            raise refuse("request_error", "INVALID_CUSTOMER_ID", text, ("customer_id",), customer_id)
        direct = self.direct(email)
        if not direct:
            raise refuse("authentication_error", "NOT_ADS_USER")
        customers = self._world.customers()
        if customer_id not in customers:
            raise refuse("authentication_error", "CUSTOMER_NOT_FOUND")
        entry = login_customer_id or customer_id
        if entry not in customers or self.role_in(email, entry) is None:
            raise refuse("authorization_error", "USER_PERMISSION_DENIED", _DENIED)
        if not login_customer_id and customer_id not in direct:
            raise refuse("authorization_error", "USER_PERMISSION_DENIED", _DENIED)
        if login_customer_id and customer_id not in (login_customer_id, *self._below(login_customer_id)):
            raise refuse("authorization_error", "INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION")
        if customers[customer_id].status != "ENABLED":
            raise refuse("authorization_error", "CUSTOMER_NOT_ENABLED")
        if writes and self.role_in(email, entry) in ("READ_ONLY", "EMAIL_ONLY"):
            raise refuse("authorization_error", "ACTION_NOT_PERMITTED")

    def _below(self, manager_id: str) -> set[str]:
        return {info.id for info, _ in self._world.descendants(manager_id)}


def login_customer_of(metadata: Mapping[str, str]) -> str:
    """The login-customer-id header; a Refusal when it is no customer id."""
    value = metadata.get("login-customer-id", "")
    if value and not re.fullmatch(r"\d{1,10}", value):
        raise refuse("header_error", "INVALID_LOGIN_CUSTOMER_ID", trigger=value)
    return value
