"""Sign-in protocols of vendors, without Flask and without a database: data in, data or a typed error out."""
