"""Builds the sprite of icons."""
