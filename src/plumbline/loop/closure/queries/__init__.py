"""What is read: clusters of findings, figures, what somebody may see, and what a mechanism brought about."""
