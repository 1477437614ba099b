"""A client without the client library: raw messages on a channel of its own, so that several sandboxes can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import google.auth.transport.requests
import grpc
from google.ads.googleads.v26.services.types.google_ads_service import (
    MutateGoogleAdsRequest,
    MutateGoogleAdsResponse,
    SearchGoogleAdsRequest,
    SearchGoogleAdsResponse,
)
from google.oauth2 import service_account

from tests.support.sandbox import Sandbox

SCOPES = ["https://www.googleapis.com/auth/adwords"]
SERVICE = "/google.ads.googleads.v26.services.GoogleAdsService"


class RawClient:
    """Mutate and Search of one sandbox."""

    def __init__(self, server: Sandbox) -> None:
        key_file = Path(server.info["google_ads_yaml"]).with_name("service-account.json")
        credentials: Any = service_account.Credentials.from_service_account_file(str(key_file), scopes=SCOPES)  # type: ignore[no-untyped-call]
        credentials.refresh(google.auth.transport.requests.Request())  # type: ignore[no-untyped-call]
        secure = grpc.ssl_channel_credentials(Path(server.ca_file).read_bytes())
        self.channel = grpc.secure_channel(server.info["endpoint"], secure, [("grpc.use_local_subchannel_pool", 1)])
        self._metadata = [
            ("authorization", f"Bearer {credentials.token}"),
            ("login-customer-id", server.info["manager_id"]),
        ]
        self._mutate = self.channel.unary_unary(f"{SERVICE}/Mutate")
        self._search = self.channel.unary_unary(f"{SERVICE}/Search")

    def mutate(self, request: Any, timeout: float = 30) -> Any:
        """A MutateGoogleAdsResponse; grpc.RpcError when it is refused."""
        data = self._mutate(request.SerializeToString(), metadata=self._metadata, timeout=timeout)
        return MutateGoogleAdsResponse.pb().FromString(data)

    def search(self, customer_id: str, query: str, timeout: float = 30) -> Any:
        """A SearchGoogleAdsResponse."""
        request = SearchGoogleAdsRequest.pb()(customer_id=customer_id, query=query)
        data = self._search(request.SerializeToString(), metadata=self._metadata, timeout=timeout)
        return SearchGoogleAdsResponse.pb().FromString(data)


def new_request(customer_id: str) -> Any:
    """An empty MutateGoogleAdsRequest."""
    return MutateGoogleAdsRequest.pb()(customer_id=customer_id)
