"""The settings that make the product talk to a sandbox as it talks to Google, out of the sandbox's own description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def google_environment(sandbox: Mapping[str, Any]) -> dict[str, str]:
    """The GOOGLE_* and asset settings for one `sandbox.json`."""
    pages = urlsplit(sandbox["token_uri"]).netloc
    return {
        "GOOGLE_ADS_ENDPOINT": sandbox["endpoint"],
        "GOOGLE_ADS_CA_FILE": sandbox["ca_file"],
        "GOOGLE_ADS_CLIENT_ID": sandbox["client_id"],
        "GOOGLE_ADS_CLIENT_SECRET": sandbox["client_secret"],
        "GOOGLE_ADS_DEVELOPER_TOKEN": sandbox.get("developer_token", "sandbox-developer-token"),
        "GOOGLE_OAUTH_AUTHORIZE_URI": sandbox["authorize_uri"],
        "GOOGLE_OAUTH_TOKEN_URI": sandbox["token_uri"],
        "GOOGLE_OAUTH_TOKENINFO_URI": sandbox["tokeninfo_uri"],
        "GOOGLE_OAUTH_REVOKE_URI": sandbox["revoke_uri"],
        "ASSET_FETCH_ALLOW": pages,
        "ASSET_FETCH_CA_FILE": sandbox["ca_file"],
    }
