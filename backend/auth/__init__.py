"""Who may do what, and the Google accounts they connect: people, roles, tokens, credentials, the account tree."""
