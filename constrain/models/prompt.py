"""The layout of a prompt for the bundled model, which its training documents share."""

from __future__ import annotations


def format_prompt(prompt: str | None, schema_text: str | None) -> str:
    """What stands before the output: the request and the schema, a line each, if given.

    `schema_text` is the schema as `json.dumps` writes it with its default separators. A training
    document is BOS, this text, the JSON text of the output, EOS; the two texts are tokenized
    apart, so that no token spans the boundary.
    """
    return "".join(f"{part}\n" for part in (prompt, schema_text) if part)
