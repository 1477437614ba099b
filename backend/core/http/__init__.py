"""HTTP as every slice speaks it: `Blueprint`, strict input, problems, ETags, pages, 202, `Idempotency-Key`.

A slice's `routes.py` needs only this package and `core.security`:

    from backend.core.http import Blueprint, accepted, created, etags, idempotent, pages
"""

from backend.core.http import etags, pages
from backend.core.http.answers import accepted, created
from backend.core.http.api import Api, create_api
from backend.core.http.blueprint import Blueprint
from backend.core.http.idempotency import idempotent

__all__ = ["Api", "Blueprint", "accepted", "create_api", "created", "etags", "idempotent", "pages"]
