"""Facts: what departments deliver, kept in every state it ever had."""
