"""Answers of Google Ads queries as rows for PostgreSQL: bytes in, binary COPY out."""

from backend.integrations.googleads.rows.chunk import Chunk, CopyWriter, Decoder
from backend.integrations.googleads.rows.columns import Column, Constant, Kind, Selection
from backend.integrations.googleads.rows.decoder import fast_path_installed, open_decoder

__all__ = [
    "Chunk",
    "Column",
    "Constant",
    "CopyWriter",
    "Decoder",
    "Kind",
    "Selection",
    "fast_path_installed",
    "open_decoder",
]
