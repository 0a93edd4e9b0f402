"""Programs that act for somebody: tokens with scopes, the interface they call, and what is told to them."""
