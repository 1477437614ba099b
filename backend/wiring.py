"""The only place that builds the clients of the vendors from settings; `app` calls it once per process."""

from __future__ import annotations

from backend.integrations.googleads import gateway
from backend.integrations.googleads.client import LiveGateway
from backend.integrations.googleads.gateway import Access, Gateway
from config import Settings


def wire(settings: Settings) -> None:
    """Register how a Google Ads gateway is built in this process."""

    def build(access: Access) -> Gateway:
        return LiveGateway(
            settings.google,
            access,
            read_deadline_s=settings.timing.read_deadline,
            backoff_s=settings.timing.retry_backoff,
        )

    gateway.register_factory(build)
