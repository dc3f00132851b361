"""Regular expressions over text, and the byte automata made of them."""
