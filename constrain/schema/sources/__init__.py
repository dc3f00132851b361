"""The documents of a schema: dialects, keywords, references."""
