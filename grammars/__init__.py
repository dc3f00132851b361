"""Ready-made grammars, as plain `.lark` files."""
