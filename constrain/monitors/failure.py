"""What goes wrong with a language server that runs."""

from __future__ import annotations


class ServerError(ConnectionError):
    """A server refuses a question, or answers with what is no answer."""
