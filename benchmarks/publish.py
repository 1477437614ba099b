"""P6: from a plan to the bytes of a mutate request, 5,000 operations, against raw protobuf written by hand.

    python3 run.py bench publish [--operations 5000] [--rounds 25] [--publishes 9]

Arms: `raw pb` sets each attribute of the generated classes in a loop over the same data (the reference); `product`
encodes a finished plan; `tree to bytes` plans a campaign's tree first. The first two give the same bytes.

Then it publishes a campaign of 5 ad groups x 20 keywords x 3 ads several times against the sandbox, and prints how much
of the wall time from the request to its answer is not the sandbox's own.
"""

from __future__ import annotations

import argparse
import uuid
from typing import Any

import harness
import wall

harness.import_the_product()

from google.ads.googleads.v26.services.types.google_ads_service import MutateGoogleAdsRequest  # noqa: E402

from backend.campaigns.tree import AdGroupNode, BudgetNode, CampaignNode, KeywordNode  # noqa: E402
from backend.integrations.googleads.requests import encode_mutate  # noqa: E402
from backend.publish.planner import plan_publish  # noqa: E402

NEEDS = ("database", "redis", "sandbox")
ACCOUNT = "1234567890"
VERSION = "v26"
GROUPS = 20


def tree(operations: int) -> CampaignNode:
    """A search campaign that plans to about so many operations, most of them keywords."""
    each = (operations - GROUPS - 4) // GROUPS
    groups = [
        AdGroupNode(
            id=uuid.UUID(int=group + 1),
            name=f"Group {group}",
            type="SEARCH_STANDARD",
            keywords=[
                KeywordNode(
                    id=uuid.UUID(int=(group + 1) * 100_000 + number),
                    text=f"garden chair {group} {number}",
                    match_type="EXACT",
                    cpc_bid_micros=1_000_000 + number,
                )
                for number in range(each)
            ],
        )
        for group in range(GROUPS)
    ]
    return CampaignNode(
        id=uuid.UUID(int=7),
        name="Spring",
        campaign_type="SEARCH",
        objective="WEBSITE_TRAFFIC",
        contains_eu_political_advertising="DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
        budget=BudgetNode(uuid.UUID(int=8), 5_000_000),
        ad_groups=groups,
        marker="benchmark",
    )


def by_hand(campaign: CampaignNode) -> bytes:
    """The same request as a person would write it against the generated classes."""
    request: Any = MutateGoogleAdsRequest.pb()()
    request.customer_id = ACCOUNT
    add = request.mutate_operations.add
    label = add().label_operation.create
    label.resource_name, label.name = f"customers/{ACCOUNT}/labels/-1", campaign.marker
    budget = add().campaign_budget_operation.create
    budget.resource_name = f"customers/{ACCOUNT}/campaignBudgets/-2"
    budget.delivery_method, budget.explicitly_shared, budget.amount_micros = 2, False, 5_000_000
    made = add().campaign_operation.create
    made.resource_name = f"customers/{ACCOUNT}/campaigns/-3"
    made.name, made.advertising_channel_type, made.status = campaign.name, 2, 3
    made.contains_eu_political_advertising = 3
    made.campaign_budget = budget.resource_name
    made.target_spend.SetInParent()
    made.network_settings.target_google_search = True
    made.network_settings.target_search_network = True
    made.network_settings.target_content_network = False
    link = add().campaign_label_operation.create
    link.campaign, link.label = made.resource_name, label.resource_name
    for number, group in enumerate(campaign.ad_groups):
        row = add().ad_group_operation.create
        row.resource_name = f"customers/{ACCOUNT}/adGroups/{-4 - number}"
        row.campaign, row.name, row.status, row.type_ = made.resource_name, group.name, 2, 2
    for number, group in enumerate(campaign.ad_groups):
        parent = f"customers/{ACCOUNT}/adGroups/{-4 - number}"
        for keyword in group.keywords:
            row = add().ad_group_criterion_operation.create
            row.ad_group = parent
            row.keyword.text = keyword.text
            row.keyword.match_type = 2
            row.status = 2
            row.cpc_bid_micros = keyword.cpc_bid_micros
    return bytes(request.SerializeToString(deterministic=True))


def main() -> int:
    """Time the arms and print the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--publishes", type=int, default=9)
    options = parser.parse_args()
    campaign = tree(options.operations)
    plan = plan_publish(ACCOUNT, campaign)
    assert encode_mutate(plan, version=VERSION) == by_hand(campaign), "the arms made different bytes"
    timings = harness.interleave(
        {
            "raw pb": lambda: by_hand(campaign),
            "product": lambda: encode_mutate(plan, version=VERSION),
            "tree to bytes": lambda: encode_mutate(plan_publish(ACCOUNT, campaign), version=VERSION),
        },
        rounds=options.rounds,
    )
    harness.show(f"{len(plan)} operations", timings, rows=len(plan))
    if options.publishes:
        wall.measure(options.publishes)
    ratio = timings["raw pb"].median / timings["product"].median
    planned = timings["raw pb"].median / timings["tree to bytes"].median
    met = harness.target(
        "publish", "P6", ratio, 0.7, operations=len(plan), with_planning=round(planned, 3), rounds=options.rounds
    )
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
