"""Rows about the account tree: customer_client."""

from backend.sandbox.googleads.accounts import CustomerInfo
from backend.sandbox.googleads.demo.messages import make
from backend.sandbox.googleads.search.scope import Base, Scope


def customer_clients(scope: Scope) -> list[Base]:
    """The account itself (level 0) and every account below it."""
    rows = []
    for info, level in scope.world.descendants(scope.customer_id):
        name = f"customers/{scope.customer_id}/customerClients/{info.id}"
        message = make(
            "customer_client",
            name,
            id=int(info.id),
            client_customer=f"customers/{info.id}",
            level=level,
            hidden=_hidden(scope, info),
            manager=info.manager,
            test_account=info.test_account,
            descriptive_name=info.name,
            currency_code=info.currency_code,
            time_zone=info.time_zone,
            status=info.status,
        )
        rows.append(Base("customer_client", name, {"customer_client": message}))
    return rows


def _hidden(scope: Scope, info: CustomerInfo) -> bool:
    """Hidden when every link between this manager's tree and the account hides it."""
    tree = {below.id for below, _ in scope.world.descendants(scope.customer_id)}
    links = [parent for parent in info.parents if parent in tree]
    return bool(links) and all(parent in info.hidden_under for parent in links)
