"""What is read: which disposals somebody may see, what is missing, what waits for whom."""
