"""Grammars -> controls. Nothing here knows of tokens."""
