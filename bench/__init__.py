"""Benchmarks of `constrain` against its peers. Run from the project's root.

python -m bench.jsonschemabench --sample 400
"""
