"""A local Google Ads: the real protobufs over gRPC with TLS, OAuth, demo accounts, faults and a ledger."""
