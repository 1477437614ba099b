"""The doors of this slice, one file each."""

from backend.auth.routes import audit, customers, google, me

BLUEPRINTS = (me.bp, customers.bp, google.bp, audit.bp)
