"""What every layer above may use and what knows nothing of the product: errors, database, security, logs, events."""
