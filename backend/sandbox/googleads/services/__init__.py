"""What answers the RPCs, one file per area; `methods` lists them."""
