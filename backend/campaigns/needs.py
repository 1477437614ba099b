"""Which assets a tree form names: contents to find or make, addresses to fetch, references to hold against the account.

Pure; the pointers are those of the form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from backend.campaigns.rules import SLOT_FIELDS, TEXT_FIELDS

IMAGE_FIELDS = tuple(name for name in SLOT_FIELDS if name.endswith("_images"))
CARD_IMAGES = ("marketing_image", "square_marketing_image", "portrait_marketing_image")
SITELINK_FIELDS = ("description1", "description2", "final_urls")
Content = tuple[str, str, Mapping[str, Any]]


@dataclass(slots=True)
class Needs:
    """What was found: `contents` are (type, what identifies it, columns), `references` (our id, type, pointer)."""

    contents: list[Content] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    references: list[tuple[UUID, str, str]] = field(default_factory=list)
    cards: list[Mapping[str, Any]] = field(default_factory=list)

    def image(self, item: Mapping[str, Any], pointer: str) -> None:
        """Note an image, by id or by address."""
        if item.get("asset_id"):
            self.references.append((UUID(str(item["asset_id"])), "IMAGE", f"{pointer}/asset_id"))
        else:
            self.urls.append(item["url"])


def of(form: Mapping[str, Any]) -> Needs:
    """Walk a tree form."""
    found = Needs()
    _walk(form, "", found)
    return found


def _walk(form: Mapping[str, Any], here: str, found: Needs) -> None:
    for name in TEXT_FIELDS:
        found.contents += [("TEXT", text_of(item)[0], {"text": text_of(item)[0]}) for item in form.get(name) or ()]
    for name in (*IMAGE_FIELDS, "images"):
        for index, item in enumerate(form.get(name) or ()):
            found.image(item, f"{here}/{name}/{index}")
    for index, video in enumerate(form.get("youtube_videos") or ()):
        _video(video, f"{here}/youtube_videos/{index}", found)
    for index, card_form in enumerate(form.get("carousel_cards") or ()):
        _card(card_form, f"{here}/carousel_cards/{index}", found)
    for index, link in enumerate(form.get("asset_links") or ()):
        _link(link, f"{here}/asset_links/{index}", found)
    for name in ("ad_groups", "asset_groups", "ads"):
        for index, inner in enumerate(form.get(name) or ()):
            _walk(inner, f"{here}/{name}/{index}", found)


def _video(video: Mapping[str, Any], pointer: str, found: Needs) -> None:
    if video.get("asset_id"):
        found.references.append((UUID(str(video["asset_id"])), "YOUTUBE_VIDEO", f"{pointer}/asset_id"))
    else:
        video_id = video["youtube_video_id"]
        found.contents.append(("YOUTUBE_VIDEO", video_id, {"youtube_video_id": video_id}))


def _card(form: Mapping[str, Any], pointer: str, found: Needs) -> None:
    if form.get("asset_id"):
        found.references.append((UUID(str(form["asset_id"])), "DEMAND_GEN_CAROUSEL_CARD", f"{pointer}/asset_id"))
        return
    for name in CARD_IMAGES:
        if form.get(name):
            found.image(form[name], f"{pointer}/{name}")
    found.cards.append(form)


def _link(link: Mapping[str, Any], pointer: str, found: Needs) -> None:
    kind = link["field_type"] if link["field_type"] in ("SITELINK", "CALLOUT") else "IMAGE"
    if kind == "IMAGE":
        found.image(link, pointer)
    elif link.get("asset_id"):
        found.references.append((UUID(str(link["asset_id"])), kind, f"{pointer}/asset_id"))
    else:
        found.contents.append((*link_key(link), _link_columns(link)))


def text_of(item: str | Mapping[str, Any]) -> tuple[str, str | None]:
    """Give the text of a headline or description, and its pin."""
    if isinstance(item, str):
        return item, None
    return item["text"], item.get("pinned_field")


def link_key(link: Mapping[str, Any]) -> tuple[str, str]:
    """Give the type of a linked asset and what identifies it."""
    if link["field_type"] == "SITELINK":
        parts = [link["link_text"], *(str(link.get(name) or "") for name in SITELINK_FIELDS)]
        return "SITELINK", "\x1f".join(parts)
    return link["field_type"], link["callout_text"]


def _link_columns(link: Mapping[str, Any]) -> dict[str, Any]:
    if link["field_type"] == "SITELINK":
        attributes = {name: link[name] for name in SITELINK_FIELDS if link.get(name)}
        return {"text": link["link_text"], "attributes": attributes}
    return {"text": link["callout_text"]}


def card(form: Mapping[str, Any], url_id: Callable[[str], UUID]) -> Content:
    """Give a carousel card as content; its images are named by our ids, so they must exist before."""
    images = {
        name: str(form[name].get("asset_id") or url_id(form[name]["url"])) for name in CARD_IMAGES if form.get(name)
    }
    texts = {name: form[name] for name in ("headline", "call_to_action_text") if form.get(name)}
    key = "\x1f".join(f"{name}={value}" for name, value in sorted({**images, **texts}.items()))
    return "DEMAND_GEN_CAROUSEL_CARD", key, {"attributes": {**texts, **images}}
