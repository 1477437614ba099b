"""The vendors: no Flask and no database in here."""
