"""A language server that answers as its argument says, and writes down when it starts."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

how, log = sys.argv[1], Path(sys.argv[2])
with log.open("a") as file:
    file.write(f"{os.getpid()}\n")
starts = len(log.read_text().split())
code = ""
codes: dict[str, str] = {}


def read():
    length = 0
    while line := sys.stdin.buffer.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(sys.stdin.buffer.read(length)) if length else None


def send(data: bytes, length: int | None = None) -> None:
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%s" % (length or len(data), data))
    sys.stdout.buffer.flush()


def write(**message):
    send(json.dumps({"jsonrpc": "2.0", **message}).encode())


def items(*names):
    return [{"label": name} for name in names]


def cut(number, position):
    """At most three names, those that begin with what is typed."""
    line = code.split("\n")[position["line"]]
    typed = re.search(r"\w*\Z", line[: position["character"]])[0]
    names = [f"{a}{b}_name" for a in "abc" for b in "defgh"]
    found = [name for name in names if name.startswith(typed)]
    write(id=number, result={"isIncomplete": len(found) > 3, "items": items(*found[:3])})


def answer(number, position):
    if how in ("dies", "dies once") and (how == "dies" or starts == 1):
        sys.exit("it went away")
    elif how == "late" or (how == "late twice" and starts == 1):
        time.sleep(60)
    elif how == "slow":
        time.sleep(0.5)
        write(id=number, result=items("name", "size"))
    elif how == "fails":
        write(id=number, error={"code": -32603, "message": "it went wrong"})
    elif how == "fails oddly":
        write(id=number, error="it went wrong")
    elif how == "none":
        write(id=number, result=None)
    elif how == "many":
        names = (f"name_{i}" for i in range(100_000))
        write(id=number, result=[*items(*names), {"label": "• odd"}, {"label": "1"}])
    elif how == "no JSON":
        send(b"[1, 2,")
    elif how == "no object":
        send(b"[1, 2]")
    elif how == "no UTF-8":
        send(b'{"jsonrpc": "2.0", "id": "\xff"}')
    elif how == "no header":
        sys.stdout.buffer.write(b"name\n" * 100_000)
        sys.stdout.buffer.flush()
    elif how == "no lines":
        sys.stdout.buffer.write(b"name" * 1_000_000)
        sys.stdout.buffer.flush()
    elif how == "no end":
        send(b"{", 10**12)
    elif how == "no list":
        write(id=number, result=5)
    elif how == "no labels":
        write(id=number, result=[{"name": "name"}])
    elif how == "no text":
        write(id=number, result=[{"label": "name", "textEdit": {"newText": 5}}])
    elif how == "other number":
        write(id="no such question", result=items("wrong"))
        write(id=number, result=items("name"))
    elif how == "cut":
        cut(number, position)
    elif how == "where":
        owner = re.search(r"(\w+)\.$", code.split("\n")[position["line"]])[1]
        write(id=number, result=items(f"column_{position['character']}", f"{owner}_name"))
    else:
        write(id=number, result=items("name", "names", "size"))


if how == "dies at once":
    sys.exit("cannot begin")
if how == "complains":
    sys.stderr.write("no! " * 1_000_000)
while (message := read()) is not None:
    method = message.get("method")
    if method == "initialize":
        what = {} if how == "says nothing" else {"completionProvider": {}}
        write(id=message["id"], result=None if how == "says nothing" else {"capabilities": what})
        write(id="configuration", method="workspace/configuration", params={"items": [{}]})
        write(method="window/logMessage", params={"type": 3, "message": "hello"})
    elif method == "textDocument/didOpen":
        code = message["params"]["textDocument"]["text"]
        codes[message["params"]["textDocument"]["uri"]] = code
    elif method == "textDocument/didChange":
        code = message["params"]["contentChanges"][0]["text"]
    elif method == "textDocument/completion":
        answer(message["id"], message["params"]["position"])
    elif method == "textDocument/diagnostic":
        shown = codes[message["params"]["textDocument"]["uri"]]
        if how == "dies of errors" and "fatal" in shown:
            sys.exit("it went away")
        lines = [n for n, line in enumerate(shown.split("\n")) if "nowhere" in line]
        wrong = [{"range": {"start": {"line": n}}, "message": "not defined"} for n in lines]
        write(id=message["id"], result={"items": wrong})
    elif how == "stays":
        continue
    elif method == "exit":
        sys.exit(0)
    elif method and "id" in message:
        write(id=message["id"], result=None)
while how == "stays":
    time.sleep(1)
