"""Pictures made on the spot."""

from __future__ import annotations

import io

from PIL import Image


def png(width: int, height: int, shade: int = 90) -> bytes:
    """A plain PNG of this size."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (shade, width % 255, height % 255)).save(out, "PNG")
    return out.getvalue()
