"""Who is who: which rows speak of the same person or organisation, how surely, and who says so."""
