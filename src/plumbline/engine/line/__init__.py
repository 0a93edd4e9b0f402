"""The line: supervision models, and their compilation into one SQL statement each."""
