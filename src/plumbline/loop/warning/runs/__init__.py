"""Runs: what each found, whether it was as expected, how two of them differ, and a run that somebody asks for."""
