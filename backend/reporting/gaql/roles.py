"""Who may ask about which resource: statistics and structure are for all, people and money for administrators."""

from __future__ import annotations

from backend.core.security import Role
from backend.integrations.googleads.gaql import Checked

# Who has access, who changed what, who pays, and what people typed into forms.
FOR_ADMINISTRATORS = frozenset(
    {
        "account_budget",
        "account_budget_proposal",
        "billing_setup",
        "change_event",
        "customer_client_link",
        "customer_manager_link",
        "customer_user_access",
        "customer_user_access_invitation",
        "invoice",
        "lead_form_submission_data",
        "local_services_lead",
        "local_services_lead_conversation",
        "offline_user_data_job",
        "payments_account",
    }
)


def role_for(checked: Checked) -> Role:
    """The role that a query needs."""
    asked = {checked.resource.name, *(field.path[0] for field in checked.select if field.path)}
    return Role.ADMIN if asked & FOR_ADMINISTRATORS else Role.VIEWER


def role_for_resource(name: str) -> Role:
    """The role that a resource needs."""
    return Role.ADMIN if name in FOR_ADMINISTRATORS else Role.VIEWER
