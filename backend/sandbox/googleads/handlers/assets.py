"""Assets: their data, what Google derives of it, and that the same content is kept once."""

import hashlib
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image, UnidentifiedImageError

from backend.sandbox.googleads.enums import set_enum
from backend.sandbox.googleads.handlers import ad_formats, checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

MAX_IMAGE_BYTES = 5_242_880
_FORMATS = {"PNG": "IMAGE_PNG", "JPEG": "IMAGE_JPEG", "GIF": "IMAGE_GIF"}
_IMAGE_HOST = "https://tpc.googlesyndication.com/simgad/"
_SNIPPET_HEADERS = frozenset(
    ("Amenities", "Brands", "Courses", "Degree programs", "Destinations", "Featured Hotels", "Featured hotels")
    + ("Insurance coverage", "Models", "Neighborhoods", "Service catalog", "Shows", "Styles", "Types")
)
_CONTENT = {  # asset_data field → what makes two assets the same
    "image_asset": lambda data: data.full_size.url,
    "text_asset": lambda data: data.text,
    "youtube_video_asset": lambda data: data.youtube_video_id,
}


def _content(asset: Any) -> tuple[str, str] | None:
    chosen = asset.WhichOneof("asset_data")
    return (chosen, _CONTENT[chosen](getattr(asset, chosen))) if chosen in _CONTENT else None


BY_CONTENT = Index("asset", _content)


@rules_for("asset")
class AssetRules(Rules):
    """One asset. Google never removes assets; links to them are removed."""

    actions = frozenset(("create", "update"))

    def create(self, op: Op, new: Any) -> None:
        chosen = new.WhichOneof("asset_data")
        if chosen is None:
            op.fail("asset_error", "ASSET_DATA_IS_MISSING", "asset_data")
            return
        set_enum(new, "source", "ADVERTISER")
        self._type(new, chosen)
        data = getattr(new, chosen)
        if chosen in _DATA:
            _DATA[chosen](op, data, (chosen,))
        checks.final_urls(op, new)
        checks.tracking(op, new)
        if len(new.name) > 128:
            op.fail("string_length_error", "TOO_LONG", "name", trigger=new.name)
        if chosen in ("lead_form_asset", "media_bundle_asset") and not new.name:
            op.fail("asset_error", "NAME_REQUIRED_FOR_ASSET_TYPE", "name")

    def same(self, op: Op, new: Any) -> Any | None:
        """Identical content silently gives the existing asset, with its old name."""
        content = _content(new)
        for existing in op.tx.find(BY_CONTENT, content) if content is not None else ():
            return existing
        return None

    @staticmethod
    def _type(new: Any, chosen: str) -> None:
        names = new.DESCRIPTOR.fields_by_name["type_"].enum_type.values_by_name
        name = _TYPES.get(chosen, chosen.removesuffix("_asset").upper())
        if name in names:
            set_enum(new, "type_", name)

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        chosen = new.WhichOneof("asset_data")
        if chosen != old.WhichOneof("asset_data"):
            op.fail("field_error", "IMMUTABLE_FIELD", str(chosen))
            return
        if chosen == "image_asset" and any(path.startswith("image_asset") for path in paths):
            op.fail("asset_error", "FIELD_CANNOT_BE_MODIFIED_FOR_ASSET_TYPE", "image_asset")
        elif chosen in _DATA and chosen != "image_asset":
            _DATA[chosen](op, getattr(new, chosen), (chosen,))
        checks.final_urls(op, new)


_TYPES = {
    "book_on_google_asset": "BOOK_ON_GOOGLE",
    "demand_gen_carousel_card_asset": "DEMAND_GEN_CAROUSEL_CARD",
    "youtube_video_list_asset": "YOUTUBE_VIDEO_LIST",
    "business_message_asset": "BUSINESS_MESSAGE",
}
Where = tuple[Any, ...]


def _image(op: Op, image: Any, where: Where) -> None:
    """Read size and type from the bytes; the bytes themselves cannot be read back."""
    data = bytes(image.data)
    if not data:
        op.fail("asset_error", "ASSET_DATA_IS_MISSING", *where, "data")
        return
    if len(data) > MAX_IMAGE_BYTES:
        op.fail("image_error", "FILE_TOO_LARGE", *where, "data")
        return
    try:
        with Image.open(io.BytesIO(data)) as picture:
            size, form = picture.size, picture.format or ""
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        op.fail("image_error", "INVALID_IMAGE", *where, "data")
        return
    if form not in _FORMATS:
        op.fail("image_error", "FORMAT_NOT_ALLOWED", *where, "data", trigger=form)
        return
    image.ClearField("data")
    image.file_size = len(data)
    set_enum(image, "mime_type", _FORMATS[form])
    image.full_size.width_pixels, image.full_size.height_pixels = size
    number = int(hashlib.sha256(data).hexdigest()[:15], 16)
    image.full_size.url = f"{_IMAGE_HOST}{number}"


def _text(op: Op, data: Any, where: Where) -> None:
    if not data.text.strip():
        op.fail("field_error", "REQUIRED", *where, "text")
    elif len(data.text) > 90 and checks.display_width(data.text) > 360:
        op.fail("string_length_error", "TOO_LONG", *where, "text", trigger=data.text)


def _video(op: Op, data: Any, where: Where) -> None:
    if not re.fullmatch(r"[\w-]{11}", data.youtube_video_id):
        op.fail("media_file_error", "INVALID_YOU_TUBE_ID", *where, "youtube_video_id", trigger=data.youtube_video_id)
    elif not data.youtube_video_title:
        data.youtube_video_title = f"Video {data.youtube_video_id}"


def _sitelink(op: Op, data: Any, where: Where) -> None:
    checks.text_length(op, data.link_text, 25, *where, "link_text")
    for field, other in (("description1", "description2"), ("description2", "description1")):
        text = getattr(data, field)
        if len(text) > 35:
            op.fail("string_length_error", "TOO_LONG", *where, field, trigger=text)
        if text and not getattr(data, other):
            op.fail("field_error", "REQUIRED", *where, other)
    if op.operation.message is not None and not op.operation.message.final_urls and op.action == "create":
        op.fail("field_error", "REQUIRED", "final_urls")
    _dates(op, data, where)


def _dates(op: Op, data: Any, where: Where) -> None:
    for field in ("start_date", "end_date"):
        text = getattr(data, field)
        if text and not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            op.fail("date_error", "INVALID_STRING_DATE", *where, field, trigger=text)
    if data.start_date and data.end_date and data.end_date < data.start_date:
        op.fail("date_range_error", "START_DATE_AFTER_END_DATE", *where, "end_date", trigger=data.end_date)


def _callout(op: Op, data: Any, where: Where) -> None:
    checks.text_length(op, data.callout_text, 25, *where, "callout_text")
    _dates(op, data, where)


def _snippet(op: Op, data: Any, where: Where) -> None:
    if data.header not in _SNIPPET_HEADERS:
        op.fail("feed_item_validation_error", "INVALID_SNIPPETS_HEADER", *where, "header", trigger=data.header)
    checks.count(op, data.values, 3, 10, *where, "values")
    for index, value in enumerate(data.values):
        checks.text_length(op, value, 25, *where, ("values", index))


def _call(op: Op, data: Any, where: Where) -> None:
    if not re.fullmatch(r"[A-Z]{2}", data.country_code):
        op.fail("asset_error", "CALL_INVALID_COUNTRY_CODE", *where, "country_code", trigger=data.country_code)
    if not re.fullmatch(r"\+?[\d\s().-]{4,25}", data.phone_number):
        op.fail("asset_error", "CALL_INVALID_PHONE_NUMBER", *where, "phone_number", trigger=data.phone_number)


def _promotion(op: Op, data: Any, where: Where) -> None:
    checks.text_length(op, data.promotion_target, 20, *where, "promotion_target")
    if data.HasField("percent_off") and data.HasField("money_amount_off"):
        code = "PROMOTION_CANNOT_SET_PERCENT_OFF_AND_MONEY_AMOUNT_OFF"
        op.fail("asset_error", code, *where, "percent_off")
    if data.HasField("promotion_code") and data.HasField("orders_over_amount"):
        code = "PROMOTION_CANNOT_SET_PROMOTION_CODE_AND_ORDERS_OVER_AMOUNT"
        op.fail("asset_error", code, *where, "promotion_code")
    _dates(op, data, where)


def _price(op: Op, data: Any, where: Where) -> None:
    checks.count(op, data.price_offerings, 3, 8, *where, "price_offerings")
    for index, offering in enumerate(data.price_offerings):
        place = (*where, ("price_offerings", index))
        checks.text_length(op, offering.header, 25, *place, "header")
        checks.text_length(op, offering.description, 25, *place, "description")
        if offering.header and offering.header == offering.description:
            op.fail("asset_error", "PRICE_HEADER_SAME_AS_DESCRIPTION", *place, "description")


def _lead_form(op: Op, data: Any, where: Where) -> None:
    checks.text_length(op, data.business_name, 25, *where, "business_name")
    checks.text_length(op, data.headline, 30, *where, "headline")
    checks.text_length(op, data.description, 200, *where, "description")
    checks.final_url(op, data.privacy_policy_url, "FINAL_URL", *where, "privacy_policy_url")
    if len(data.delivery_methods) > 1:
        op.fail("feed_item_validation_error", "ONLY_ONE_DELIVERY_OPTION_IS_ALLOWED", *where, "delivery_methods")


def _card(op: Op, data: Any, where: Where) -> None:
    checks.width(op, data.headline, 40, *where, "headline")
    fields = {
        "marketing_image_asset": ad_formats.LANDSCAPE,
        "square_marketing_image_asset": ad_formats.SQUARE,
        "portrait_marketing_image_asset": ad_formats.PORTRAIT,
    }
    if not data.marketing_image_asset and not data.square_marketing_image_asset:
        op.fail("field_error", "REQUIRED", *where, "marketing_image_asset")
    sent = getattr(op.operation.message, where[0])
    for field, picture in fields.items():
        name = getattr(data, field)
        if re.search(r"/-\d+$", getattr(sent, field)):
            op.fail("mutate_error", "RESOURCE_NOT_FOUND", *where, field, trigger=getattr(sent, field))
        elif name:
            ad_formats.check_picture(op, op.get(name), picture, *where, field)


_DATA: dict[str, Callable[[Op, Any, Where], None]] = {
    "image_asset": _image,
    "text_asset": _text,
    "youtube_video_asset": _video,
    "sitelink_asset": _sitelink,
    "callout_asset": _callout,
    "structured_snippet_asset": _snippet,
    "call_asset": _call,
    "promotion_asset": _promotion,
    "price_asset": _price,
    "lead_form_asset": _lead_form,
    "demand_gen_carousel_card_asset": _card,
}
