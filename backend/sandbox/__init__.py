"""Local stand-ins for the vendors: separate processes that the product reaches only over the wire."""
