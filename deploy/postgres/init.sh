#!/bin/sh
# First start of the database container: the roles, the database and the schemas, with passwords out of secret files.
set -eu
CW_OWNER_PASSWORD="$(cat "$CW_OWNER_PASSWORD_FILE")"
CW_APP_PASSWORD="$(cat "$CW_APP_PASSWORD_FILE")"
export CW_OWNER_PASSWORD CW_APP_PASSWORD CW_DATABASE
psql --no-psqlrc --username "$POSTGRES_USER" --dbname postgres --file /deploy/roles.sql
