"""CustomerService: which accounts a user may open."""

from typing import Any

from backend.sandbox.googleads.calls import Call, rpc
from backend.sandbox.googleads.errors import refuse


@rpc("CustomerService.ListAccessibleCustomers")
def list_accessible_customers(call: Call) -> Any:
    """Resource names of the accounts with direct access, whatever the login-customer-id says."""
    direct = call.services.access.direct(call.user)
    if not direct:
        raise refuse("authentication_error", "NOT_ADS_USER")
    response = call.rpc.response()
    response.resource_names.extend(f"customers/{customer_id}" for customer_id in sorted(direct))
    return response
