"""The targeting of campaigns: places, languages, devices and hours, each criterion with its bid modifier.

People edit the targeting of a campaign as a whole, so it is one field of the campaign that takes part in the three-way
merge. What says the same as ours is left as we have it: order, defaults and devices without a modifier say nothing
(`canonical_targeting`, migration `synced_entities`).
"""

from __future__ import annotations

from backend.adgraph.merge import EntityMerge, Field
from backend.integrations.googleads.rows import Column, Kind, Selection
from backend.sync.queries import StructureQuery

_MINUTES = (
    "CASE s.{column} WHEN 'FIFTEEN' THEN 15 WHEN 'THIRTY' THEN 30 WHEN 'FORTY_FIVE' THEN 45"
    " WHEN 'ZERO' THEN 0 ELSE 0 END"
)
_FOUND = f"""
    SELECT s.campaign_google_id, canonical_targeting(jsonb_build_object(
        'locations', jsonb_agg(jsonb_build_object('id', s.location_id::text, 'negative', s.negative,
            'bid_modifier', s.bid_modifier)) FILTER (WHERE s.type = 'LOCATION'),
        'languages', jsonb_agg(s.language_id::text) FILTER (WHERE s.type = 'LANGUAGE'),
        'devices', jsonb_agg(jsonb_build_object('type', s.device, 'bid_modifier', s.bid_modifier))
            FILTER (WHERE s.type = 'DEVICE'),
        'ad_schedule', jsonb_agg(jsonb_build_object('day_of_week', s.day_of_week, 'start_hour', s.start_hour,
            'start_minute', {_MINUTES.format(column="start_minute")}, 'end_hour', s.end_hour,
            'end_minute', {_MINUTES.format(column="end_minute")}, 'bid_modifier', s.bid_modifier))
            FILTER (WHERE s.type = 'AD_SCHEDULE'))) AS targeting
    FROM {{stage}} s WHERE s.status <> 'REMOVED' GROUP BY s.campaign_google_id"""
_OF_CAMPAIGNS = f"""(
    SELECT c.google_id AS id, CASE
        WHEN canonical_targeting(c.targeting) = found.targeting THEN c.targeting
        WHEN canonical_targeting(c.base -> 'targeting') = found.targeting THEN c.base -> 'targeting'
        ELSE found.targeting END AS targeting
    FROM campaigns c
    LEFT JOIN ({_FOUND}) named ON named.campaign_google_id = c.google_id
    CROSS JOIN LATERAL (SELECT coalesce(named.targeting, '{{}}') AS targeting) found
    WHERE c.customer_id = %(customer)s AND c.status = 'PUBLISHED'
      AND (%(complete)s OR c.resource_name = ANY(%(asked)s))
) s"""

TARGETING = StructureQuery(
    "targeting",
    "campaign_criterion",
    Selection(
        (
            Column("campaign.id", "campaign_google_id", Kind.INT),
            Column("campaign_criterion.criterion_id", "id", Kind.INT),
            Column("campaign_criterion.type", "type", Kind.ENUM),
            Column("campaign_criterion.status", "status", Kind.ENUM),
            Column("campaign_criterion.negative", "negative", Kind.BOOL),
            Column("campaign_criterion.bid_modifier", "bid_modifier", Kind.FLOAT, nullable=True),
            Column("campaign_criterion.location.geo_target_constant", "location_id", Kind.ID, nullable=True),
            Column("campaign_criterion.language.language_constant", "language_id", Kind.ID, nullable=True),
            Column("campaign_criterion.device.type", "device", Kind.ENUM, nullable=True),
            Column("campaign_criterion.ad_schedule.day_of_week", "day_of_week", Kind.ENUM, nullable=True),
            Column("campaign_criterion.ad_schedule.start_hour", "start_hour", Kind.INT),
            Column("campaign_criterion.ad_schedule.start_minute", "start_minute", Kind.ENUM, nullable=True),
            Column("campaign_criterion.ad_schedule.end_hour", "end_hour", Kind.INT),
            Column("campaign_criterion.ad_schedule.end_minute", "end_minute", Kind.ENUM, nullable=True),
        ),
        key=("campaign_google_id", "id"),
    ),
    merges=(
        EntityMerge(
            "campaigns",
            _OF_CAMPAIGNS,
            key=(("google_id", "s.id"),),
            fields=(Field("targeting", "s.targeting", editable=True),),
        ),
    ),
    where="campaign_criterion.type IN ('LOCATION', 'LANGUAGE', 'DEVICE', 'AD_SCHEDULE')",
    change_type="CAMPAIGN_CRITERION",
    key_field="campaign.id",
    asks_for="campaigns",
)
