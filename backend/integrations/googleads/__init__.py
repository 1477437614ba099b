"""Google Ads: the port (`gateway`), the unmodified client behind it, and the translation of requests and errors."""
