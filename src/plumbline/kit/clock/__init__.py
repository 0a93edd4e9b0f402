"""Deadlines as rows: working days, documented pauses, reminders, escalation."""
