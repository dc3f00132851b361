"""The training of the bundled model: its documents, its tokenizer, and the script."""
