"""Chooses the decoder of a selection: Arrow where its wheels are installed and every column is flat, else plain."""

from __future__ import annotations

import importlib
import importlib.util
from typing import cast

from backend.integrations.googleads.rows.chunk import Decoder
from backend.integrations.googleads.rows.columns import Selection
from backend.integrations.googleads.rows.plain import PlainDecoder


def fast_path_installed() -> bool:
    """Whether the `fast` requirements (ptars, pgpq, pyarrow) are importable on this machine."""
    return all(importlib.util.find_spec(name) is not None for name in ("ptars", "pgpq", "pyarrow"))


def open_decoder(selection: Selection, version: str, *, fast: bool | None = None) -> Decoder:
    """A decoder for one query's answer in an API version such as 'v26'; `fast` overrides the choice."""
    if fast is None:
        fast = fast_path_installed()
    if fast and selection.flat:
        # The module imports the optional wheels, so it is loaded only where they are.
        arrow = importlib.import_module("backend.integrations.googleads.rows.arrow")
        return cast(Decoder, arrow.ArrowDecoder(selection, version))
    return PlainDecoder(selection, version)
