"""The forms of a campaign's children, as people send them: what is missing becomes a problem, not an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load, validate, validates_schema

from backend.adgraph.models import MATCH_TYPES
from backend.campaigns import flat
from backend.campaigns.fields import AssetUrl, Micros, OneOrForm, Text
from backend.campaigns.objectives import AD_TYPES
from backend.core.http.whole_text import WholeText

EDITABLE_STATUSES = ("ENABLED", "PAUSED")
ALL_AD_TYPES = tuple(sorted({kind for kinds in AD_TYPES.values() for kind in kinds}))
PINS = ("HEADLINE_1", "HEADLINE_2", "HEADLINE_3", "DESCRIPTION_1", "DESCRIPTION_2")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
DEVICES = ("MOBILE", "DESKTOP", "TABLET", "CONNECTED_TV")
LINK_TYPES = ("SITELINK", "CALLOUT", "AD_IMAGE", "BUSINESS_LOGO")
MAX_KEYWORDS = 30_000


def status(**options: Any) -> fields.String:
    """ENABLED or PAUSED."""
    return fields.String(validate=validate.OneOf(EDITABLE_STATUSES), **options)


def urls() -> fields.List[Any]:
    """The addresses an ad leads to; their form is judged by the strict check."""
    return fields.List(Text(most=2_048), validate=validate.Length(max=20))


class OurNotes(Schema):
    """What people note down here; Google never sees it."""

    internal_label = Text(most=200, allow_none=True)
    internal_notes = Text(most=10_000, allow_none=True)
    tags = fields.List(Text(most=80), validate=validate.Length(max=50))


class TextForm(Schema):
    """A headline or a description; a plain text stands for `{"text": …}`."""

    text = Text(required=True, most=500)
    pinned_field = fields.String(allow_none=True, validate=validate.OneOf(PINS))


class ImageForm(Schema):
    """An image: of the library by `asset_id`, or by its https address."""

    asset_id = fields.UUID()
    url = AssetUrl(most=2_048)

    @validates_schema
    def one(self, data: Mapping[str, Any], **_: Any) -> None:
        """Exactly one of the two."""
        if len(data) != 1:
            raise ValidationError("Give asset_id or url.")


class VideoForm(Schema):
    """A YouTube video: of the library by `asset_id`, or by its id at YouTube."""

    asset_id = fields.UUID()
    youtube_video_id = fields.String(validate=WholeText(r"^[A-Za-z0-9_-]{11}$"))

    @validates_schema
    def one(self, data: Mapping[str, Any], **_: Any) -> None:
        """Exactly one of the two."""
        if len(data) != 1:
            raise ValidationError("Give asset_id or youtube_video_id.")


class CardForm(Schema):
    """A carousel card of Demand Gen."""

    asset_id = fields.UUID()
    headline = Text(most=500)
    call_to_action_text = Text(most=100)
    marketing_image = fields.Nested(ImageForm)
    square_marketing_image = fields.Nested(ImageForm)
    portrait_marketing_image = fields.Nested(ImageForm)


class LinkForm(Schema):
    """A sitelink, a callout or an image that is linked to a campaign or an ad group."""

    field_type = fields.String(required=True, validate=validate.OneOf(LINK_TYPES))
    asset_id = fields.UUID()
    url = AssetUrl(most=2_048)
    link_text = Text(most=200)
    description1 = Text(most=200)
    description2 = Text(most=200)
    final_urls = urls()
    callout_text = Text(most=200)

    @validates_schema
    def whole(self, data: Mapping[str, Any], **_: Any) -> None:
        """Each type has its own text."""
        needed = {"SITELINK": "link_text", "CALLOUT": "callout_text"}.get(data["field_type"], "url")
        if not data.get("asset_id") and not data.get(needed):
            raise ValidationError("This is needed, or asset_id.", field_name=needed)


class KeywordForm(Schema):
    """A keyword; a plain text is read as Google Ads writes it: `[exact]`, `"phrase"`, broad."""

    text = Text(required=True, least=1, most=500)
    match_type = fields.String(load_default="BROAD", validate=validate.OneOf(MATCH_TYPES[:3]))
    status = status()
    cpc_bid_micros = Micros(allow_none=True)
    final_urls = urls()


def texts() -> fields.List[Any]:
    """Headlines or descriptions."""
    return fields.List(OneOrForm(TextForm, lambda text: {"text": text}), validate=validate.Length(max=100))


def image_list() -> fields.List[Any]:
    """Images of one slot."""
    return fields.List(OneOrForm(ImageForm, lambda url: {"url": url}), validate=validate.Length(max=100))


def keyword_list(*, required: bool = False) -> fields.List[Any]:
    """Keywords of one parent."""
    some = validate.Length(min=1 if required else None, max=MAX_KEYWORDS)
    return fields.List(OneOrForm(KeywordForm, flat.keyword), required=required, validate=some)


class CreativeForm(OurNotes):
    """What an ad and an asset group have in common."""

    name = Text(most=300, allow_none=True)
    status = status()
    final_urls = urls()
    path1 = Text(most=100, allow_none=True)
    path2 = Text(most=100, allow_none=True)
    business_name = Text(most=200, allow_none=True)
    headlines = texts()
    long_headlines = texts()
    descriptions = texts()
    marketing_images = image_list()
    square_marketing_images = image_list()
    portrait_marketing_images = image_list()
    tall_portrait_marketing_images = image_list()
    logo_images = image_list()
    landscape_logo_images = image_list()
    images = image_list()
    youtube_videos = fields.List(
        OneOrForm(VideoForm, lambda video: {"youtube_video_id": video}), validate=validate.Length(max=20)
    )


class AdForm(CreativeForm):
    """An ad; `type` defaults to the one that belongs to the campaign's type."""

    type = fields.String(validate=validate.OneOf(ALL_AD_TYPES))
    tracking_url_template = Text(most=2_048, allow_none=True)
    call_to_action_text = Text(most=100, allow_none=True)
    main_color = fields.String(allow_none=True, validate=WholeText(r"^#[0-9a-fA-F]{6}$"))
    accent_color = fields.String(allow_none=True, validate=WholeText(r"^#[0-9a-fA-F]{6}$"))
    carousel_cards = fields.List(fields.Nested(CardForm), validate=validate.Length(max=20))


class AssetGroupForm(CreativeForm):
    """An asset group of a Performance Max campaign."""


class AdGroupForm(OurNotes):
    """An ad group with everything on it."""

    name = Text(most=500, allow_none=True)
    type = fields.String(allow_none=True, validate=validate.OneOf(("SEARCH_STANDARD", "DISPLAY_STANDARD")))
    status = status()
    cpc_bid_micros = Micros(allow_none=True)
    keywords = keyword_list()
    negative_keywords = keyword_list()
    ads = fields.List(fields.Nested(AdForm), validate=validate.Length(max=200))
    asset_links = fields.List(fields.Nested(LinkForm), validate=validate.Length(max=200))


class BudgetForm(Schema):
    """A budget in full; `daily_budget` of the flat form is its `amount_micros`."""

    name = Text(most=255, allow_none=True)
    amount_micros = Micros(allow_none=True)
    total_amount_micros = Micros(allow_none=True)
    delivery_method = fields.String(validate=validate.OneOf(("STANDARD", "ACCELERATED")))
    explicitly_shared = fields.Boolean(truthy={True}, falsy={False})

    @validates_schema
    def one_amount(self, data: Mapping[str, Any], **_: Any) -> None:
        """Google takes one of the amounts."""
        if data.get("amount_micros") is not None and data.get("total_amount_micros") is not None:
            raise ValidationError("Give amount_micros or total_amount_micros.")


class LocationForm(Schema):
    """A place by Google's geo target id; a plain id stands for `{"id": …}`. A negative one takes no modifier."""

    id = fields.String(required=True, validate=WholeText(r"^[0-9]{1,12}$"))
    negative = fields.Boolean(truthy={True}, falsy={False}, load_default=False)
    bid_modifier = fields.Float(allow_none=True, allow_nan=False)


class DeviceForm(Schema):
    """A device and what its bids are multiplied with; 0 leaves it out."""

    type = fields.String(required=True, validate=validate.OneOf(DEVICES))
    bid_modifier = fields.Float(allow_none=True, allow_nan=False)


class ScheduleForm(Schema):
    """A time of the week in which ads are shown, in the account's zone, and what bids are multiplied with then."""

    day_of_week = fields.String(required=True, validate=validate.OneOf(DAYS))
    start_hour = fields.Integer(required=True, strict=True, validate=validate.Range(0, 23))
    start_minute = fields.Integer(load_default=0, strict=True, validate=validate.OneOf((0, 15, 30, 45)))
    end_hour = fields.Integer(required=True, strict=True, validate=validate.Range(0, 24))
    end_minute = fields.Integer(load_default=0, strict=True, validate=validate.OneOf((0, 15, 30, 45)))
    bid_modifier = fields.Float(allow_none=True, allow_nan=False)


class TargetingForm(Schema):
    """Where, in which languages, on which devices and when."""

    locations = fields.List(OneOrForm(LocationForm, lambda place: {"id": place}), validate=validate.Length(max=2_000))
    languages = fields.List(fields.String(validate=WholeText(r"^[0-9]{1,12}$")), validate=validate.Length(max=200))
    devices = fields.List(fields.Nested(DeviceForm), validate=validate.Length(max=4))
    ad_schedule = fields.List(fields.Nested(ScheduleForm), validate=validate.Length(max=42))


class _Strategy(Schema):
    """The settings that bidding strategies have; each strategy takes those that Google gives it."""

    target_cpa_micros = Micros(minimum=1)
    target_roas = fields.Float(allow_nan=False, validate=validate.Range(0.01, 1_000))
    cpc_bid_ceiling_micros = Micros(minimum=1)
    cpc_bid_floor_micros = Micros(minimum=1)
    target_spend_micros = Micros(minimum=1)
    location = fields.String(validate=validate.OneOf(("ANYWHERE_ON_PAGE", "TOP_OF_PAGE", "ABSOLUTE_TOP_OF_PAGE")))
    location_fraction_micros = Micros(minimum=1)


def _strategy(*names: str) -> fields.Nested:
    return fields.Nested(_Strategy(only=names))


class BiddingForm(Schema):
    """One bidding strategy under Google's name, or just the name."""

    maximize_conversions = _strategy("target_cpa_micros", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros")
    maximize_conversion_value = _strategy("target_roas", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros")
    target_spend = _strategy("cpc_bid_ceiling_micros", "target_spend_micros")
    manual_cpc = _strategy()
    manual_cpm = _strategy()
    target_cpm = _strategy()
    target_cpa = _strategy("target_cpa_micros", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros")
    target_roas = _strategy("target_roas", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros")
    target_impression_share = _strategy("location", "location_fraction_micros", "cpc_bid_ceiling_micros")

    @pre_load
    def from_name(self, data: Any, **_: Any) -> Any:
        """`"manual_cpc"` stands for `{"manual_cpc": {}}`."""
        return {data: {}} if isinstance(data, str) else data
