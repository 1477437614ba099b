"""The asset library of a client, and its links to the account and to search campaigns."""

from dataclasses import dataclass

from backend.sandbox.googleads.demo.plan import Builder
from backend.sandbox.googleads.demo.vocabulary import CALLOUTS, SITELINKS

# name, width, height: one of each shape that Demand Gen, Display and Performance Max ask for
_IMAGES = (
    ("landscape", 1200, 628),
    ("landscape detail", 1200, 628),
    ("square", 1200, 1200),
    ("square detail", 1200, 1200),
    ("portrait", 960, 1200),
    ("logo", 1200, 1200),
)


@dataclass(frozen=True, slots=True)
class Library:
    """Resource names of the assets that campaigns share."""

    landscapes: tuple[str, ...]
    squares: tuple[str, ...]
    portraits: tuple[str, ...]
    logo: str
    videos: tuple[str, ...]
    sitelinks: tuple[str, ...]
    callouts: tuple[str, ...]
    snippet: str
    call: str


def make_library(builder: Builder) -> Library:
    """Make the shared assets."""
    images = [_image(builder, *image) for image in _IMAGES]
    return Library(
        landscapes=tuple(images[0:2]),
        squares=tuple(images[2:4]),
        portraits=(images[4],),
        logo=images[5],
        videos=tuple(_video(builder, position) for position in range(2)),
        sitelinks=tuple(_sitelink(builder, text) for text in SITELINKS),
        callouts=tuple(_callout(builder, text) for text in CALLOUTS),
        snippet=_snippet(builder),
        call=_call(builder),
    )


def link(builder: Builder, shared: Library) -> None:
    """Callouts, the call asset and the snippet belong to the whole account."""
    linked = [(callout, "CALLOUT") for callout in shared.callouts]
    linked += [(shared.call, "CALL"), (shared.snippet, "STRUCTURED_SNIPPET")]
    for asset, field_type in linked:
        builder.add(
            "customer_asset",
            asset.rpartition("/")[2],
            field_type,
            asset=asset,
            field_type=field_type,
            source="ADVERTISER",
            status="ENABLED",
            primary_status="ELIGIBLE",
        )


def link_sitelinks(builder: Builder, campaign: str, shared: Library, *, count: int) -> None:
    """Sitelinks belong to campaigns."""
    for asset in shared.sitelinks[:count]:
        builder.add(
            "campaign_asset",
            campaign.rpartition("/")[2],
            asset.rpartition("/")[2],
            "SITELINK",
            campaign=campaign,
            asset=asset,
            field_type="SITELINK",
            source="ADVERTISER",
            status="ENABLED",
            primary_status="ELIGIBLE",
        )


def _image(builder: Builder, shape: str, width: int, height: int) -> str:
    number = builder.next_id("asset")
    return builder.add(
        "asset",
        number,
        id=number,
        name=f"{builder.plan.business.name} {shape}",
        type="IMAGE",
        source="ADVERTISER",
        orientation="LANDSCAPE" if width > height else "PORTRAIT" if height > width else "SQUARE",
        image_asset={
            "file_size": builder.between(40_000, 900_000, "image", shape),
            "mime_type": "IMAGE_JPEG",
            "full_size": {
                "width_pixels": width,
                "height_pixels": height,
                "url": f"https://tpc.googlesyndication.com/simgad/{number}",
            },
        },
    )


def _video(builder: Builder, position: int) -> str:
    number = builder.next_id("asset")
    code = f"{builder.between(10**10, 10**11 - 1, 'video', position):011d}"
    return builder.add(
        "asset",
        number,
        id=number,
        name=f"{builder.plan.business.name} film {position + 1}",
        type="YOUTUBE_VIDEO",
        source="ADVERTISER",
        youtube_video_asset={"youtube_video_id": code, "youtube_video_title": f"{builder.plan.business.name} in 30 s"},
    )


def _sitelink(builder: Builder, text: str) -> str:
    number = builder.next_id("asset")
    page = text.lower().replace(" ", "-")
    return builder.add(
        "asset",
        number,
        id=number,
        name=text,
        type="SITELINK",
        source="ADVERTISER",
        final_urls=[f"https://www.{builder.plan.business.domain}/{page}"],
        sitelink_asset={"link_text": text, "description1": f"{text} online", "description2": "Have a look"},
    )


def _callout(builder: Builder, text: str) -> str:
    number = builder.next_id("asset")
    return builder.add(
        "asset", number, id=number, name=text, type="CALLOUT", source="ADVERTISER", callout_asset={"callout_text": text}
    )


def _snippet(builder: Builder) -> str:
    number = builder.next_id("asset")
    values = [product.title()[:25] for product in builder.plan.business.products[:4]]
    snippet = {"header": "Types", "values": values}
    return builder.add(
        "asset", number, id=number, type="STRUCTURED_SNIPPET", source="ADVERTISER", structured_snippet_asset=snippet
    )


def _call(builder: Builder) -> str:
    number = builder.next_id("asset")
    call = {"country_code": "DE", "phone_number": f"+49 30 {builder.between(1_000_000, 9_999_999, 'phone')}"}
    return builder.add("asset", number, id=number, type="CALL", source="ADVERTISER", call_asset=call)
