"""Looks at image bytes that came from outside, without trusting them.

The header is read and the pixel count checked before anything is decoded; only JPEG, PNG and GIF are opened, still
pictures only; `sanitize` re-encodes, which drops EXIF, comments and whatever else hid behind the picture.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from dataclasses import dataclass, field

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 40_000_000
MIME = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}
SEVERAL = "MPO"  # a JPEG with a second picture behind it (depth, brightness), as phones take them: the first is meant
JPEG_QUALITY = 92

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)

_BROKEN = (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, struct.error, IndexError, KeyError)


class ImageRefused(Exception):
    """The bytes are not a picture that can be used; `code` says why.

    Codes: image_unreadable, image_type, image_too_many_pixels, image_animated.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a picture is: pixels, type by content (never by name), SHA-256 of the bytes in hexadecimal."""

    width: int
    height: int
    mime: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class CleanImage:
    """A picture that we encoded ourselves."""

    data: bytes = field(repr=False)
    info: ImageInfo


def inspect(data: bytes) -> ImageInfo:
    """Read size and type, and decode once to prove that the picture is whole.

    Raises:
        ImageRefused: it is none, or one that must not be decoded.
    """
    picture = _open(data)
    return ImageInfo(picture.width, picture.height, MIME[_kind(picture)], _digest(data), len(data))


def sanitize(data: bytes) -> CleanImage:
    """Decode and encode again: same pixels (turned upright), no metadata.

    Raises:
        ImageRefused: as `inspect`.
    """
    picture = _open(data)
    kind = _kind(picture)
    upright = ImageOps.exif_transpose(picture)
    out = io.BytesIO()
    if kind == "JPEG":
        plain = upright.convert("RGB")
        plain.info = {}  # Pillow would write comments and profiles found there
        plain.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    else:
        kind = "PNG"
        plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        plain.info = {}
        plain.save(out, "PNG", optimize=True)
    clean = out.getvalue()
    return CleanImage(clean, ImageInfo(upright.width, upright.height, MIME[kind], _digest(clean), len(clean)))


def _kind(picture: Image.Image) -> str:
    return "JPEG" if picture.format == SEVERAL else picture.format or ""


def _open(data: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=tuple(MIME))
        if picture.width * picture.height > MAX_PIXELS:
            raise ImageRefused("image_too_many_pixels", f"The picture has more than {MAX_PIXELS} pixels.")
        if getattr(picture, "is_animated", False) and picture.format != SEVERAL:
            raise ImageRefused("image_animated", "The picture moves; a still one is needed.")
        picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRefused("image_too_many_pixels", f"The picture has more than {MAX_PIXELS} pixels.") from error
    except UnidentifiedImageError as error:
        raise ImageRefused("image_type", "The file is not a JPEG, PNG or GIF picture.") from error
    except _BROKEN as error:
        raise ImageRefused("image_unreadable", "The picture is damaged or incomplete.") from error
    return picture


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
