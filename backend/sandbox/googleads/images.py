"""Demo pictures over https: in sizes and ratios that Google accepts for ads, and one that it does not.

Drawn at request from the name, so the same address always gives the same bytes.
"""

import io
from functools import cache

from flask import Blueprint, Response, abort
from PIL import Image, ImageDraw

SIZES: dict[str, tuple[int, int]] = {
    "landscape": (1200, 628),  # 1.91:1
    "square": (1200, 1200),
    "portrait": (960, 1200),  # 4:5
    "tall": (900, 1600),  # 9:16
    "logo": (512, 512),
    "landscape_logo": (1200, 300),  # 4:1
    "tiny": (64, 64),  # too small for any field
    "panorama": (2000, 300),  # a ratio that no field takes
}
_FORMATS = {"png": "PNG", "jpg": "JPEG"}


def blueprint() -> Blueprint:
    """`/images/{name}.{png|jpg}` and `/images/{name}-{variant}.{png|jpg}` (another picture of the same size)."""
    pages = Blueprint("images", __name__)

    @pages.get("/images/<name>.<suffix>")
    def image(name: str, suffix: str) -> Response:
        size = SIZES.get(name.partition("-")[0])
        if size is None or suffix not in _FORMATS:
            abort(404)
        return Response(_drawn(name, size, suffix), mimetype=f"image/{'jpeg' if suffix == 'jpg' else suffix}")

    return pages


@cache
def _drawn(name: str, size: tuple[int, int], suffix: str) -> bytes:
    shade = sum(name.encode()) % 200
    picture = Image.new("RGB", size, (shade, 120, 230 - shade))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4), fill=(255, 255, 255 - shade))
    pen.text((10, 10), name, fill=(255, 255, 255))
    out = io.BytesIO()
    picture.save(out, _FORMATS[suffix])
    return out.getvalue()
