"""The trail (留痕): who did what, when and why; appended with the change, sealed right after, never altered."""
