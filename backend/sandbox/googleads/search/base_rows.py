"""The rows that a resource has before statistics: stored entities, or views derived from them."""

from collections.abc import Callable

from backend.sandbox.googleads.search import accounts_rows, ad_assets, change_rows, views
from backend.sandbox.googleads.search.scope import Base, Scope

Rows = Callable[[Scope], list[Base]]


def stored(scope: Scope, kind: str) -> list[Base]:
    """Entities as they are stored."""
    return [Base(kind, entity.resource_name, {kind: entity}) for entity in scope.all(kind)]


def _criterion_view(view: str, collection: str, kinds_of_criteria: frozenset[str]) -> Rows:
    """Rows of a view that shows one type of ad group criterion."""

    def rows(scope: Scope) -> list[Base]:
        found = []
        for criterion in scope.all("ad_group_criterion"):
            if criterion.negative or criterion.WhichOneof("criterion") not in kinds_of_criteria:
                continue
            name = f"customers/{scope.customer_id}/{collection}/{criterion.resource_name.rpartition('/')[2]}"
            message = scope.new(view, name)
            found.append(Base(view, name, {view: message, "ad_group_criterion": criterion}))
        return found

    return rows


def _campaign_view(view: str, collection: str, type_of_criteria: str) -> Rows:
    def rows(scope: Scope) -> list[Base]:
        found = []
        for criterion in scope.all("campaign_criterion"):
            if criterion.negative or criterion.WhichOneof("criterion") != type_of_criteria:
                continue
            name = f"customers/{scope.customer_id}/{collection}/{criterion.resource_name.rpartition('/')[2]}"
            entities = {view: scope.new(view, name), "campaign_criterion": criterion}
            found.append(Base(view, name, entities))
        return found

    return rows


def _ads(scope: Scope) -> list[Base]:
    rows = []
    for link in scope.all("ad_group_ad"):
        name = link.ad.resource_name or f"customers/{scope.customer_id}/ads/{link.ad.id}"
        rows.append(Base("ad", name, {"ad": link.ad, "ad_group_ad": link}))
    return rows


AUDIENCES = frozenset({"user_interest", "user_list", "custom_audience", "combined_audience", "custom_affinity"})
# view → collection in resource names, types of criteria
CRITERION_VIEWS: dict[str, tuple[str, frozenset[str]]] = {
    "keyword_view": ("keywordViews", frozenset({"keyword"})),
    "gender_view": ("genderViews", frozenset({"gender"})),
    "age_range_view": ("ageRangeViews", frozenset({"age_range"})),
    "income_range_view": ("incomeRangeViews", frozenset({"income_range"})),
    "parental_status_view": ("parentalStatusViews", frozenset({"parental_status"})),
    "topic_view": ("topicViews", frozenset({"topic"})),
    "managed_placement_view": ("managedPlacementViews", frozenset({"placement"})),
    "ad_group_audience_view": ("adGroupAudienceViews", AUDIENCES),
    "webpage_view": ("webpageViews", frozenset({"webpage"})),
    "product_group_view": ("productGroupViews", frozenset({"listing_group"})),
}
CAMPAIGN_VIEWS = {
    "location_view": ("locationViews", "location"),
    "ad_schedule_view": ("adScheduleViews", "ad_schedule"),
    "campaign_audience_view": ("campaignAudienceViews", "user_list"),
}
# views that only list what was shown
ONLY_WITH_TRAFFIC = frozenset(views.VIEWS) - {"video"}
_DERIVED: dict[str, Rows] = {
    "ad": _ads,
    "ad_group_ad_asset_view": ad_assets.rows,
    "customer_client": accounts_rows.customer_clients,
    "change_status": change_rows.statuses,
    "change_event": change_rows.events,
    **views.VIEWS,
    **{view: _criterion_view(view, *parts) for view, parts in CRITERION_VIEWS.items()},
    **{view: _campaign_view(view, *parts) for view, parts in CAMPAIGN_VIEWS.items()},
}


def rows(scope: Scope, kind: str) -> list[Base]:
    """All rows of a resource before filters."""
    derived = _DERIVED.get(kind)
    return derived(scope) if derived is not None else stored(scope, kind)
