"""Sets of strings, formats, and how they are written."""
