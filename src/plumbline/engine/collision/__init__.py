"""Collisions: models run over facts, and everything that can be asked of a result afterwards."""
