"""Assets, asset groups, and every link from an ad, asset group, ad group, campaign or account to an asset.

Google gives a link no id but those of its ends. Links that people edit are merged like entities. What fills an ad's
slots follows Google, list by list; a list that was edited here is one field of the ad and merged like any other.
"""

from __future__ import annotations

from backend.adgraph.merge import UNTOUCHED, EntityMerge, Field, status_of
from backend.campaigns import ad_lists
from backend.integrations.googleads.rows import Column, Kind, Selection
from backend.sync.queries import StructureQuery, google_status, resource_name

_ATTRIBUTES = (
    "jsonb_strip_nulls(jsonb_build_object('image_url', nullif(s.image_url, ''), 'file_size', nullif(s.file_size, 0),"
    " 'link_text', nullif(s.link_text, ''), 'description1', nullif(s.description1, ''),"
    " 'description2', nullif(s.description2, ''), 'callout_text', nullif(s.callout_text, ''),"
    " 'final_urls', to_jsonb(nullif(s.final_urls, '{}'))))"
)


def _text(path: str, name: str) -> Column:
    return Column(path, name, Kind.TEXT, nullable=True)


ASSETS = StructureQuery(
    "assets",
    "asset",
    Selection(
        (
            Column("asset.id", "id", Kind.INT),
            Column("asset.type", "type", Kind.ENUM),
            _text("asset.name", "name"),
            _text("asset.text_asset.text", "text"),
            _text("asset.youtube_video_asset.youtube_video_id", "youtube_video_id"),
            Column("asset.image_asset.file_size", "file_size", Kind.INT, nullable=True),
            Column("asset.image_asset.mime_type", "mime_type", Kind.ENUM, nullable=True),
            _text("asset.image_asset.full_size.url", "image_url"),
            Column("asset.image_asset.full_size.width_pixels", "width", Kind.INT, nullable=True),
            Column("asset.image_asset.full_size.height_pixels", "height", Kind.INT, nullable=True),
            _text("asset.sitelink_asset.link_text", "link_text"),
            _text("asset.sitelink_asset.description1", "description1"),
            _text("asset.sitelink_asset.description2", "description2"),
            _text("asset.callout_asset.callout_text", "callout_text"),
            Column("asset.final_urls", "final_urls", Kind.TEXTS),
        ),
        key=("id",),
    ),
    merges=(
        EntityMerge(
            "assets",
            "{stage} s",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "nullif(s.name, '')", editable=True),
                Field("type", "s.type"),
                # A sitelink and a callout have their text in a message of their own.
                Field("text", "coalesce(nullif(s.text, ''), nullif(s.link_text, ''), nullif(s.callout_text, ''))"),
                Field("youtube_video_id", "nullif(s.youtube_video_id, '')"),
                Field("resource_name", resource_name("assets", "s.id"), derived=True),
            ),
            on_insert=(
                ("attributes", "'{}'"),
                ("mime_type", "NULL"),
            ),
        ),
    ),
    edges=(
        # What people see of an asset: Google's facts are added, what we know of our own uploads stays.
        (
            f"UPDATE assets t SET attributes = t.attributes || {_ATTRIBUTES},"
            " width = coalesce(t.width, nullif(s.width, 0)), height = coalesce(t.height, nullif(s.height, 0)),"
            " mime_type = coalesce(t.mime_type, CASE WHEN s.mime_type IN ('IMAGE_JPEG', 'IMAGE_PNG', 'IMAGE_GIF')"
            " THEN replace(lower(s.mime_type), 'image_', 'image/') END)"
            " FROM {stage} s WHERE t.customer_id = %(customer)s AND t.google_id = s.id AND"
            f" (t.attributes IS DISTINCT FROM t.attributes || {_ATTRIBUTES} OR (t.width IS NULL AND s.width > 0))"
        ),
    ),
    key_field="asset.id",
    change_type="ASSET",
)

_FOLLOWS = f"""(a.updated_at < %(read_at)s OR a.updated_at = now()) AND a.sync_status <> 'publishing'
  AND NOT a.id = ANY(CAST(%(pushed)s AS uuid[]))
  AND NOT EXISTS (SELECT FROM {ad_lists.NAMED}
                  WHERE f.name = ANY(a.dirty_fields) AND {{slot}}.field_type = ANY(f.slots))"""
"""SQL: the answer holds for a slot of the ad `a`: neither was the ad written since, but here, nor the slot edited."""

_TWINS = f"""assets ours, assets theirs, ads a
WHERE t.customer_id = %(customer)s AND o.customer_id = t.customer_id AND o.ad_id = t.ad_id
  AND o.field_type = t.field_type AND ours.customer_id = o.customer_id AND ours.id = o.asset_id
  AND ours.google_id IS NULL AND ours.type = 'TEXT' AND theirs.customer_id = t.customer_id AND theirs.id = t.asset_id
  AND theirs.google_id IS NOT NULL AND theirs.text = ours.text AND a.customer_id = t.customer_id AND a.id = t.ad_id
  AND {_FOLLOWS.format(slot="t")}"""

_OTHERS = "t.remote - ARRAY(SELECT jsonb_object_keys(n.theirs))"
_MOVED = f"(({_OTHERS}) || sync_conflicts(t.dirty_fields, t.base, n.mine, n.theirs))"
_STILL_DIRTY = "sync_still_dirty(t.dirty_fields, n.mine, n.theirs)"
# A slot of which Google lists nothing says nothing: not every kind of ad lists all of its slots.
_EDITED_LISTS = f"""
UPDATE ads t SET remote = {_MOVED}, dirty_fields = {_STILL_DIRTY}, base = sync_base_of({_STILL_DIRTY}, t.base),
    sync_status = {status_of(_MOVED, _STILL_DIRTY)}, updated_at = now(), last_synced_at = now()
FROM (
    SELECT a.id, jsonb_object_agg(f.name, h.items) AS mine, jsonb_object_agg(f.name, g.items) AS theirs
    FROM ads a JOIN {ad_lists.NAMED} ON f.name = ANY(a.dirty_fields) AND jsonb_exists(a.base, f.name)
    CROSS JOIN LATERAL {ad_lists.HERE.format(ad="a")} h
    CROSS JOIN LATERAL (SELECT {ad_lists.items("s")} AS items FROM {{stage}} s
        JOIN assets x ON x.customer_id = a.customer_id AND x.google_id = s.asset_google_id
        WHERE s.ad_google_id = a.google_id AND s.field_type = ANY(f.slots)) g
    WHERE a.customer_id = %(customer)s AND g.items <> '[]' GROUP BY a.id
) n
WHERE t.customer_id = %(customer)s AND t.id = n.id AND {UNTOUCHED} AND NOT t.id = ANY(CAST(%(pushed)s AS uuid[]))
  AND ({_MOVED} <> t.remote OR {_STILL_DIRTY} <> t.dirty_fields)"""

AD_ASSETS = StructureQuery(
    "ad_assets",
    "ad_group_ad_asset_view",
    Selection(
        (
            Column("ad_group_ad_asset_view.ad_group_ad", "ad_google_id", Kind.ID),
            Column("ad_group_ad_asset_view.asset", "asset_google_id", Kind.ID),
            Column("ad_group_ad_asset_view.field_type", "field_type", Kind.ENUM),
            Column("ad_group_ad_asset_view.pinned_field", "pinned_field", Kind.ENUM, nullable=True),
            Column("ad_group_ad_asset_view.performance_label", "performance_label", Kind.ENUM, nullable=True),
            Column("asset.type", "type", Kind.ENUM),
            _text("asset.text_asset.text", "text"),
            _text("asset.youtube_video_asset.youtube_video_id", "youtube_video_id"),
        ),
        key=("ad_google_id", "asset_google_id", "field_type"),
    ),
    merges=(
        # Texts that are written into an ad become assets of which nothing else tells when only changes are read.
        EntityMerge(
            "assets",
            "(SELECT DISTINCT ON (asset_google_id) * FROM {stage} WHERE NOT %(complete)s) s",
            key=(("google_id", "s.asset_google_id"),),
            fields=(
                Field("type", "s.type"),
                Field("text", "nullif(s.text, '')"),
                Field("youtube_video_id", "nullif(s.youtube_video_id, '')"),
                Field("resource_name", resource_name("assets", "s.asset_google_id"), derived=True),
            ),
            on_insert=(("attributes", "'{}'"),),
        ),
    ),
    edges=(
        _EDITED_LISTS,
        f"""
MERGE INTO ad_asset t USING (
    SELECT a.id AS ad_id, x.id AS asset_id, s.field_type, nullif(s.performance_label, 'UNSPECIFIED') AS label,
           CASE WHEN s.pinned_field IN ('UNSPECIFIED', 'UNKNOWN') THEN NULL ELSE s.pinned_field END AS pinned
    FROM {{stage}} s
    JOIN ads a ON a.customer_id = %(customer)s AND a.google_id = s.ad_google_id AND {_FOLLOWS.format(slot="s")}
    JOIN assets x ON x.customer_id = %(customer)s AND x.google_id = s.asset_google_id
) s ON t.customer_id = %(customer)s AND t.ad_id = s.ad_id AND t.asset_id = s.asset_id AND t.field_type = s.field_type
WHEN MATCHED AND (t.pinned_field, t.performance_label) IS DISTINCT FROM (s.pinned, s.label)
    THEN UPDATE SET pinned_field = s.pinned, performance_label = s.label
WHEN NOT MATCHED THEN INSERT (customer_id, ad_id, asset_id, field_type, pinned_field, performance_label, position)
    VALUES (%(customer)s, s.ad_id, s.asset_id, s.field_type, s.pinned, s.label, 0)""",
        f"""
DELETE FROM ad_asset t USING ads a, assets x
WHERE t.customer_id = %(customer)s AND a.customer_id = t.customer_id AND a.id = t.ad_id
  AND {_FOLLOWS.format(slot="t")} AND x.customer_id = t.customer_id AND x.id = t.asset_id
  AND x.google_id IS NOT NULL AND a.google_id IN (SELECT ad_google_id FROM {{stage}})
  AND NOT EXISTS (SELECT FROM {{stage}} s WHERE s.ad_google_id = a.google_id AND s.asset_google_id = x.google_id
                  AND s.field_type = t.field_type)""",
        # A text that was published from here is an asset of Google's now: its edge takes over from our own one.
        f"UPDATE ad_asset t SET position = o.position FROM ad_asset o, {_TWINS} AND t.position <> o.position",
        f"DELETE FROM ad_asset o USING ad_asset t, {_TWINS}",
    ),
    where="ad_group_ad_asset_view.enabled = TRUE",
    change_type="AD_GROUP_AD",
    key_field="ad_group_ad_asset_view.ad_group_ad",
    key_is_name=True,
    decides=("ads",),
)


def _link_merge(
    table: str,
    parents: tuple[str, str],
    children: tuple[str, str],
    collection: str,
    *more: tuple[str, str],
    on_insert: tuple[tuple[str, str], ...] = (),
) -> EntityMerge:
    """Links are merged like entities: a draft of ours that Google has meanwhile (its answer was lost, or somebody made
    the same there) is live from now on; what Google removed before it was drafted again says nothing about the draft.

    Args:
        table: The edge table.
        parents: The table of the parents, and what the edge calls one; the stage has its `parent_google_id`.
        children: The same of what is linked, with its `child_google_id`.
        collection: What Google calls the links.
        more: The rest of the key.
        on_insert: Columns that only a new link gets.
    """
    key = ((parents[1], "p.id"), (children[1], "x.id"), *more)
    same = " AND ".join(f"d.{column} = {sql}" for column, sql in key)
    name = resource_name(collection, "s.parent_google_id", "s.child_google_id", *(sql for _, sql in more))
    return EntityMerge(
        table,
        f"{{stage}} s JOIN {parents[0]} p ON p.customer_id = %(customer)s AND p.google_id = s.parent_google_id"
        f" JOIN {children[0]} x ON x.customer_id = %(customer)s AND x.google_id = s.child_google_id"
        f" AND NOT (s.status = 'REMOVED' AND EXISTS (SELECT FROM {table} d"
        f" WHERE d.customer_id = %(customer)s AND {same} AND d.resource_name IS NULL))",
        key=key,
        fields=(Field("status", google_status("status"), editable=True), Field("resource_name", name)),
        on_insert=on_insert,
        gone=("status",),
        edge=True,
    )


def _link(name: str, parents: str, parent: str, collection: str, *, ordered: bool = False) -> StructureQuery:
    """The link between a parent entity and its assets; `parent` is both GAQL's field and our column without _id.

    An `ordered` link has a place in its slot; Google gives none, so what it adds stands first.
    """
    resource = table = f"{parent}_asset"
    return StructureQuery(
        name,
        resource,
        Selection(
            (
                Column(f"{resource}.{parent}", "parent_google_id", Kind.ID),
                Column(f"{resource}.asset", "child_google_id", Kind.ID),
                Column(f"{resource}.field_type", "field_type", Kind.ENUM),
                Column(f"{resource}.status", "status", Kind.ENUM),
            ),
            key=("parent_google_id", "child_google_id", "field_type"),
        ),
        merges=(
            _link_merge(
                table,
                (parents, f"{parent}_id"),
                ("assets", "asset_id"),
                collection,
                ("field_type", "s.field_type"),
                on_insert=(("position", "0"),) if ordered else (),
            ),
        ),
        # Google announces no changes of the links of asset groups.
        change_type=None if parent == "asset_group" else resource.upper(),
    )


CAMPAIGN_ASSETS = _link("campaign_assets", "campaigns", "campaign", "campaignAssets")
AD_GROUP_ASSETS = _link("ad_group_assets", "ad_groups", "ad_group", "adGroupAssets")
ASSET_GROUP_ASSETS = _link("asset_group_assets", "asset_groups", "asset_group", "assetGroupAssets", ordered=True)

ACCOUNT_ASSETS = StructureQuery(
    "account_assets",
    "customer_asset",
    Selection(
        (
            Column("customer_asset.asset", "asset_google_id", Kind.ID),
            Column("customer_asset.field_type", "field_type", Kind.ENUM),
            Column("customer_asset.status", "status", Kind.ENUM),
        ),
        key=("asset_google_id", "field_type"),
    ),
    edges=(
        f"""
MERGE INTO customer_asset t USING (
    SELECT x.id AS asset_id, s.field_type, {google_status("status")} AS status FROM {{stage}} s
    JOIN assets x ON x.customer_id = %(customer)s AND x.google_id = s.asset_google_id
) s ON t.customer_id = %(customer)s AND t.asset_id = s.asset_id AND t.field_type = s.field_type
WHEN MATCHED AND t.status IS DISTINCT FROM s.status THEN UPDATE SET status = s.status
WHEN NOT MATCHED THEN INSERT (customer_id, asset_id, field_type, status)
    VALUES (%(customer)s, s.asset_id, s.field_type, s.status)""",
        """
UPDATE customer_asset t SET status = 'REMOVED' FROM assets x
WHERE t.customer_id = %(customer)s AND t.status <> 'REMOVED' AND x.customer_id = t.customer_id AND x.id = t.asset_id
  AND x.google_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM {stage} s WHERE s.asset_google_id = x.google_id AND s.field_type = t.field_type)""",
    ),
    change_type="CUSTOMER_ASSET",
)

ASSET_GROUPS = StructureQuery(
    "asset_groups",
    "asset_group",
    Selection(
        (
            Column("asset_group.id", "id", Kind.INT),
            Column("asset_group.campaign", "campaign_google_id", Kind.ID),
            _text("asset_group.name", "name"),
            Column("asset_group.status", "status", Kind.ENUM),
            Column("asset_group.final_urls", "final_urls", Kind.TEXTS),
            _text("asset_group.path1", "path1"),
            _text("asset_group.path2", "path2"),
            Column("asset_group.ad_strength", "ad_strength", Kind.ENUM, nullable=True),
        ),
        key=("id",),
    ),
    merges=(
        EntityMerge(
            "asset_groups",
            "{stage} s JOIN campaigns p ON p.customer_id = %(customer)s AND p.google_id = s.campaign_google_id",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "s.name", editable=True),
                Field("status", google_status("status"), editable=True),
                Field("final_urls", "s.final_urls", editable=True),
                Field("path1", "nullif(s.path1, '')", editable=True),
                Field("path2", "nullif(s.path2, '')", editable=True),
                Field("ad_strength", "s.ad_strength"),
                Field("resource_name", resource_name("assetGroups", "s.id"), derived=True),
            ),
            gone=("status",),
        ),
    ),
    edges=(
        (
            "INSERT INTO campaign_asset_group (customer_id, campaign_id, asset_group_id)"
            " SELECT p.customer_id, p.id, g.id FROM {stage} s"
            " JOIN campaigns p ON p.customer_id = %(customer)s AND p.google_id = s.campaign_google_id"
            " JOIN asset_groups g ON g.customer_id = %(customer)s AND g.google_id = s.id ON CONFLICT DO NOTHING"
        ),
    ),
    key_field="asset_group.id",
    change_type="ASSET_GROUP",
)

SHARED_SET_LINKS = StructureQuery(
    "shared_set_links",
    "campaign_shared_set",
    Selection(
        (
            Column("campaign_shared_set.campaign", "parent_google_id", Kind.ID),
            Column("campaign_shared_set.shared_set", "child_google_id", Kind.ID),
            Column("campaign_shared_set.status", "status", Kind.ENUM),
        ),
        key=("parent_google_id", "child_google_id"),
    ),
    merges=(
        _link_merge(
            "campaign_shared_set",
            ("campaigns", "campaign_id"),
            ("shared_sets", "shared_set_id"),
            "campaignSharedSets",
        ),
    ),
    change_type="CAMPAIGN_SHARED_SET",
)
