"""Drawing texts from a model under a constraint."""
