"""The pages of warnings, and how their evidence is laid out."""
