"""What the arguments of commands mean: schemas, texts, models."""

from __future__ import annotations

import json
import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constrain.errors import InvalidSchemaError
from constrain.terminal import InputError

if TYPE_CHECKING:
    from constrain.models import LanguageModel


def sample_names() -> list[str]:
    folder = files("constrain.schemas")
    return sorted(f.name[: -len(".json")] for f in folder.iterdir() if f.name.endswith(".json"))


def read_schema(argument: str) -> Any:
    """Return the schema that an argument means: stdin, JSON, a path, or a sample's name."""
    name = argument.removesuffix(".json")
    if name in sample_names() and not Path(argument).exists():
        text = files("constrain.schemas").joinpath(f"{name}.json").read_bytes()
    else:
        text = read(argument, "; the samples are " + ", ".join(sample_names()))
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidSchemaError("", f"not JSON: {error}") from error
    except RecursionError as error:
        raise InvalidSchemaError("", "nested too deeply to be read as JSON") from error


def read(argument: str, hint: str = "") -> bytes:
    """Return the JSON text that an argument means: stdin, the text itself, or a file's content."""
    if argument == "-":
        return sys.stdin.buffer.read()
    path = Path(argument)
    try:
        if path.is_file():
            return path.read_bytes()
    except OSError as error:  # unreadable; or, as a text, too long for a path
        if error.filename is not None and not _is_json(argument):
            raise InputError(f"cannot read {argument}: {error.strerror}") from error
    if _is_json(argument):
        return argument.encode()
    raise InputError(f"no file {argument!r}, and it is not JSON{hint}")


def read_text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8: {error.reason}") from error


def _is_json(text: str) -> bool:
    if text.lstrip().startswith(("{", "[", '"')):
        return True  # meant as JSON, even where broken
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def load_model(name: str) -> LanguageModel:
    from transformers.utils.logging import disable_progress_bar

    from constrain.models import BundledModel, HFModel

    disable_progress_bar()  # type: ignore[no-untyped-call]

    if name == "bundled":
        return BundledModel()
    if os.sep in name and not Path(name).is_dir() and (name[0] in "./~" or name.count("/") > 1):
        raise InputError(f"cannot load the model {name!r}: there is no such folder")
    try:
        return HFModel(name)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"cannot load the model {name!r}: {reason}") from error
