"""Identity verification of advertisers: no demo account is enrolled, because none is on monthly invoicing."""

from typing import Any

from backend.sandbox.googleads.calls import Call, rpc
from backend.sandbox.googleads.enums import enum_name
from backend.sandbox.googleads.errors import refuse


@rpc("IdentityVerificationService.GetIdentityVerification")
def status(call: Call) -> Any:
    """The programs an account is enrolled in: none."""
    return call.rpc.response()


@rpc("IdentityVerificationService.StartIdentityVerification")
def start(call: Call) -> Any:
    """Refused as for every account that is not billed by monthly invoice."""
    if enum_name(call.request, "verification_program") in ("", "UNSPECIFIED", "UNKNOWN"):
        raise refuse("field_error", "REQUIRED", path=("verification_program",))
    raise refuse("identity_verification_error", "BILLING_NOT_ON_MONTHLY_INVOICING")
