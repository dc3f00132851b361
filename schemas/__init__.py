"""Sample JSON Schemas (draft 2020-12), one `.json` file each.

They are read as `files("constrain.schemas").joinpath("person.json").read_text("utf-8")`, with
`files` from importlib.resources.
"""
