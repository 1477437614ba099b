"""Pictures from outside (RELIABILITY S17): bombs are not decoded, nothing hidden stays, only pictures pass."""

import io
import struct
import zlib

import pytest
from PIL import Image

from backend.core.images import MAX_PIXELS, ImageRefused, inspect, sanitize


def encoded(kind, size=(40, 30), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, 0).save(out, kind, **options)
    return out.getvalue()


def png_claiming(width, height):
    """A few bytes that say they are a huge picture."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif")])
def test_size_and_type_come_from_the_bytes(kind, mime):
    info = inspect(encoded(kind))
    assert (info.width, info.height, info.mime) == (40, 30, mime)
    assert len(info.sha256) == 64


@pytest.mark.parametrize("size", [(12_000, 12_000), (65_535, 65_535), (2**31 - 1, 1), (MAX_PIXELS + 1, 1)])
def test_a_bomb_is_refused_by_its_header(size):
    with pytest.raises(ImageRefused) as refused:
        inspect(png_claiming(*size))
    assert refused.value.code in ("image_too_many_pixels", "image_unreadable")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        encoded("BMP"),
        encoded("TIFF"),
        encoded("WEBP"),
        b"GIF89a",
        encoded("PNG")[:60],
        encoded("JPEG")[:200],
        png_claiming(100, 100),
    ],
)
def test_what_is_no_whole_picture_of_a_known_kind_is_refused(data):
    with pytest.raises(ImageRefused) as refused:
        inspect(data)
    assert refused.value.code in ("image_type", "image_unreadable")


def test_a_moving_picture_is_refused():
    frames = [Image.new("RGB", (10, 10), color) for color in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(ImageRefused) as refused:
        inspect(out.getvalue())
    assert refused.value.code == "image_animated"


def test_encoding_again_drops_what_was_hidden():
    exif = Image.Exif()
    exif[0x010E] = "GPS and a secret"
    exif[0x0112] = 6  # turned by 90 degrees
    dirty = encoded("JPEG", exif=exif, comment=b"hidden comment") + b"<script>appended</script>"
    clean = sanitize(dirty)
    for hidden in (b"secret", b"hidden comment", b"<script>"):
        assert hidden in dirty
        assert hidden not in clean.data
    assert (clean.info.width, clean.info.height) == (30, 40), "turned upright"
    assert inspect(clean.data).sha256 == clean.info.sha256


def test_a_transparent_picture_stays_transparent():
    assert Image.open(io.BytesIO(sanitize(encoded("PNG", mode="RGBA")).data)).mode == "RGBA"
    assert sanitize(encoded("GIF")).info.mime == "image/png"


def test_a_text_bomb_in_a_png_is_refused():
    bomb = zlib.compress(b"x" * 200_000_000)
    whole = encoded("PNG")
    data = b"note\x00\x00" + bomb
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    with pytest.raises(ImageRefused):
        inspect(whole[:33] + chunk + whole[33:])


def test_a_photograph_of_a_phone_with_a_second_picture_behind_it_is_a_jpeg():
    out = io.BytesIO()
    first, second = Image.new("RGB", (64, 48), "red"), Image.new("L", (16, 12), 200)
    first.save(out, "MPO", save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(out.getvalue())).format == "MPO"
    assert inspect(out.getvalue()).mime == "image/jpeg"
    clean = sanitize(out.getvalue())
    kept = Image.open(io.BytesIO(clean.data))
    assert (kept.format, kept.size, getattr(kept, "n_frames", 1)) == ("JPEG", (64, 48), 1)
    assert (clean.info.mime, clean.info.width, clean.info.height) == ("image/jpeg", 64, 48)
