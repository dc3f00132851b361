"""Sample JSON Schemas (draft 2020-12), one `.json` file each.

    from importlib.resources import files
    text = files("constrain.schemas").joinpath("person.json").read_text("utf-8")
"""
