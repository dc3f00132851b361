"""Adapters that bring constraints into other libraries."""
