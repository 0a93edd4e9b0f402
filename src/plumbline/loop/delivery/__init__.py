"""What departments deliver, what stays in quarantine, and what they are asked to correct."""
