-- The roles, the database and the schemas that CampaignWizard expects. Run by psql as a superuser; safe to repeat.
-- Reads CW_OWNER_PASSWORD, CW_APP_PASSWORD and CW_DATABASE from the environment.
--
-- cw_owner runs the migrations and owns the tables. cw_app is what the product connects as: it owns nothing but the
-- statistics and staging tables in schema stats, the only schema where it may create. cw_reporting reads accounts,
-- campaigns and statistics of every organisation and nothing else; it cannot sign in by itself, so give it to whoever may:
-- CREATE ROLE analyst LOGIN PASSWORD '…' IN ROLE cw_reporting.
\set ON_ERROR_STOP on
\set QUIET on
\getenv owner_password CW_OWNER_PASSWORD
\getenv app_password CW_APP_PASSWORD
\getenv database CW_DATABASE
SET client_min_messages = warning;

SELECT 'CREATE ROLE cw_app LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_app') \gexec
SELECT 'CREATE ROLE cw_owner LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_owner') \gexec
SELECT 'CREATE ROLE cw_reporting NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_reporting') \gexec
ALTER ROLE cw_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
ALTER ROLE cw_owner NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
GRANT cw_app TO cw_owner;

SELECT format('CREATE DATABASE %I OWNER cw_owner', :'database')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

\connect :"database"
SET client_min_messages = warning;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO cw_app, cw_owner;
GRANT CONNECT ON DATABASE :"database" TO cw_reporting;
ALTER SCHEMA public OWNER TO cw_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO cw_app;
CREATE SCHEMA IF NOT EXISTS stats AUTHORIZATION cw_owner;
GRANT USAGE, CREATE ON SCHEMA stats TO cw_app;
