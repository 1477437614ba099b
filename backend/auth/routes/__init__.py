"""The doors of this slice, one file each."""

from backend.auth.routes import audit, customers, entra, google, me, people, service_keys, signin, tokens

BLUEPRINTS = (
    me.bp,
    customers.bp,
    google.bp,
    signin.bp,
    entra.bp,
    people.bp,
    tokens.bp,
    service_keys.bp,
    audit.bp,
)
