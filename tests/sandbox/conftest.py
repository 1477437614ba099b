"""A sandbox of this area's own and the unmodified client, in every version and mode."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.ads.googleads.client import GoogleAdsClient
from google.ads.googleads.errors import GoogleAdsException

from tests.support.sandbox import Sandbox, start_sandbox

VERSIONS = ("v23", "v24", "v25", "v26")
_names = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all tests here; tests that script it clean up after themselves."""
    running = start_sandbox(tmp_path_factory.mktemp("google"), "--clients", "12", "--days", "40")
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = running.ca_file
    yield running
    running.stop()


@pytest.fixture
def script(server: Sandbox) -> Iterator[Sandbox]:
    """The sandbox with an empty script of faults, before and after."""
    server.clear_faults()
    yield server
    server.clear_faults()


Clients = Callable[..., GoogleAdsClient]


@pytest.fixture(scope="session")
def client_of(server: Sandbox) -> Clients:
    """The stock client from the sandbox's own google-ads.yaml: `client_of(version, use_proto_plus, login)`."""
    made: dict[tuple[str, bool, str], GoogleAdsClient] = {}

    def client(version: str = "v26", *, plus: bool = False, login: str | None = None) -> GoogleAdsClient:
        login = server.info["manager_id"] if login is None else login
        key = (version, plus, login)
        if key not in made:
            settings = yaml.safe_load(Path(server.info["google_ads_yaml"]).read_text(encoding="utf-8"))
            settings |= {"use_proto_plus": plus, "login_customer_id": login or None}
            made[key] = GoogleAdsClient.load_from_dict(settings, version=version)
        return made[key]

    return client


@dataclass
class Account:
    """One demo account and what tests do to it, with raw protobuf messages of v26."""

    id: str
    client: GoogleAdsClient

    def name(self, kind: str) -> str:
        """A name nobody has used."""
        return f"{kind} of test {next(_names)} {os.getpid()}"

    def path(self, collection: str, *parts: object) -> str:
        return f"customers/{self.id}/{collection}/{'~'.join(map(str, parts))}"

    def enum(self, enum: str, value: str) -> Any:
        return getattr(getattr(self.client.enums, f"{enum}Enum"), value)

    def operation(self, kind: str) -> tuple[Any, Any]:
        """(a MutateOperation, the inner operation of this kind)."""
        outer = self.client.get_type("MutateOperation")
        return outer, getattr(outer, f"{kind}_operation")

    def mutate(self, *operations: Any, **options: Any) -> Any:
        """One GoogleAdsService.Mutate."""
        request = self.client.get_type("MutateGoogleAdsRequest")
        request.customer_id = self.id
        request.mutate_operations.extend(operations)
        for name, value in options.items():
            setattr(request, name, value)
        return self.client.get_service("GoogleAdsService").mutate(request=request)

    def rows(self, query: str) -> list[Any]:
        """All rows of a query."""
        service = self.client.get_service("GoogleAdsService")
        return [row for batch in service.search_stream(customer_id=self.id, query=query) for row in batch.results]

    def one(self, query: str) -> Any:
        """The only row of a query."""
        rows = self.rows(query)
        assert len(rows) == 1, f"{len(rows)} rows"
        return rows[0]

    def look(self, kind: str, name: str, *fields: str) -> Any:
        """The row of one entity with fields of its own."""
        chosen = ", ".join(f"{kind}.{field}" for field in fields)
        return self.one(f"SELECT {chosen} FROM {kind} WHERE {kind}.resource_name = '{name}'")

    # plans

    def budget(self, number: int = -1, **values: Any) -> Any:
        outer, operation = self.operation("campaign_budget")
        new = operation.create
        new.resource_name = self.path("campaignBudgets", number)
        new.amount_micros, new.explicitly_shared = 20_000_000, False
        _set(new, values)
        return outer

    def campaign(self, number: int = -2, budget: int = -1, channel: str = "SEARCH", **values: Any) -> Any:
        outer, operation = self.operation("campaign")
        new = operation.create
        new.resource_name = self.path("campaigns", number)
        new.name = self.name("campaign")
        new.campaign_budget = self.path("campaignBudgets", budget)
        new.advertising_channel_type = self.enum("AdvertisingChannelType", channel)
        new.status = self.enum("CampaignStatus", "PAUSED")
        no = "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"
        new.contains_eu_political_advertising = self.enum("EuPoliticalAdvertisingStatus", no)
        if channel in ("SEARCH", "DISPLAY"):
            new.manual_cpc.enhanced_cpc_enabled = False
        else:
            new.maximize_conversions.SetInParent()
        _set(new, values)
        return outer

    def ad_group(self, number: int = -3, campaign: int = -2, **values: Any) -> Any:
        outer, operation = self.operation("ad_group")
        new = operation.create
        new.resource_name = self.path("adGroups", number)
        new.name, new.campaign = self.name("ad group"), self.path("campaigns", campaign)
        _set(new, values)
        return outer

    def keyword(self, text: str, ad_group: object = -3, match: str = "BROAD", *, negative: bool = False) -> Any:
        outer, operation = self.operation("ad_group_criterion")
        new = operation.create
        new.ad_group = ad_group if isinstance(ad_group, str) else self.path("adGroups", ad_group)
        new.keyword.text, new.keyword.match_type = text, self.enum("KeywordMatchType", match)
        new.negative = negative
        return outer

    def search_ad(self, ad_group: object = -3, headlines: int = 3, descriptions: int = 2) -> Any:
        outer, operation = self.operation("ad_group_ad")
        new = operation.create
        new.ad_group = ad_group if isinstance(ad_group, str) else self.path("adGroups", ad_group)
        new.ad.final_urls.append("https://www.example.com/")
        for number in range(headlines):
            new.ad.responsive_search_ad.headlines.add().text = f"Headline number {number}"
        for number in range(descriptions):
            new.ad.responsive_search_ad.descriptions.add().text = f"A description that says it all {number}"
        return outer

    def tree(self, **values: Any) -> list[str]:
        """A budget, a search campaign and an ad group; their resource names."""
        response = self.mutate(self.budget(), self.campaign(**values), self.ad_group())
        return [result_name(slot) for slot in response.mutate_operation_responses]


def _set(message: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if value is None:
            message.ClearField(name)
        else:
            setattr(message, name, value)


def result_name(slot: Any) -> str:
    """The resource name in one MutateOperationResponse; "" in a failed slot."""
    chosen = slot.WhichOneof("response")
    return str(getattr(slot, chosen).resource_name) if chosen else ""


@pytest.fixture
def account(server: Sandbox, client_of: Clients) -> Account:
    """An ordinary account, reached through its manager."""
    return Account(server.info["customer_ids"][0], client_of())


@dataclass
class Refused:
    """What a refused call said."""

    status: str
    errors: list[tuple[str, str, Any]]  # (code as "CampaignError.X", path as "a[0].b", the error)
    request_id: str

    @property
    def codes(self) -> list[str]:
        return [code for code, _, _ in self.errors]

    def only(self) -> tuple[str, str]:
        """Code and path of the only error."""
        assert len(self.errors) == 1, self.errors
        return self.errors[0][:2]


def described(failure: Any) -> list[tuple[str, str, Any]]:
    """(code, path, error) of every error of a GoogleAdsFailure in either mode."""
    found = []
    raw = getattr(failure, "_pb", failure)
    for error in raw.errors:
        kind = error.error_code.WhichOneof("error_code")
        field_ = error.error_code.DESCRIPTOR.fields_by_name[kind]
        code = field_.enum_type.values_by_number[getattr(error.error_code, kind)].name
        family = "".join(part.capitalize() for part in kind.split("_"))
        path = ".".join(
            f"{e.field_name}[{e.index}]" if e.HasField("index") else e.field_name
            for e in error.location.field_path_elements
        )
        found.append((f"{family}.{code}", path, error))
    return found


def refused(call: Callable[..., Any], *arguments: Any, **options: Any) -> Refused:
    """Make a call that must be refused with a GoogleAdsException."""
    try:
        result = call(*arguments, **options)
        if hasattr(result, "__iter__") and not hasattr(result, "DESCRIPTOR"):
            list(result)
    except GoogleAdsException as caught:
        exception = caught
    else:
        pytest.fail(f"it was not refused: {result}")
    return Refused(exception.error.code().name, described(exception.failure), exception.request_id)
