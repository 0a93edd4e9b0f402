"""Who is who: pairs that a person's word would settle, side by side, and what their word brought about."""
