"""The `constrain` command.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

from constrain.cli.app import app

# The commands register with `app`, and `--help` lists them in this order.
from constrain.cli import writing, code, checking, upkeep  # noqa: F401  # isort: skip


def main() -> None:
    """Run the command; the entry point of the installed script."""
    app()


__all__ = ["app", "main"]
