"""Plumbline (准绳): registers collide under supervision models; warnings come with evidence."""

__version__ = "0.1.0"
