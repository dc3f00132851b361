"""A language server that answers as its argument says."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

how, log = sys.argv[1], Path(sys.argv[2])
with log.open("a") as file:
    file.write("started\n")
starts = len(log.read_text().split())


def read():
    length = 0
    while line := sys.stdin.buffer.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(sys.stdin.buffer.read(length)) if length else None


def write(**message):
    data = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
    sys.stdout.buffer.flush()


while (message := read()) is not None:
    if message.get("method") == "initialize":
        write(id=message["id"], result={"capabilities": {"completionProvider": {}}})
    elif message.get("method") == "textDocument/completion":
        if how == "dies" or (how == "dies once" and starts == 1):
            sys.exit(1)
        if how == "late":
            time.sleep(60)
        names = ["name", "size"]
        if how == "many":
            names = [f"name_{i}" for i in range(100_000)]
        items = [{"label": name} for name in names] + [{"label": "• odd"}, {"label": "1"}]
        refusal = {"code": -32603, "message": "it went wrong"}
        answers = {"fails": {"error": refusal}, "none": {"result": None}}
        write(id=message["id"], **answers.get(how, {"result": items}))
    elif message.get("method") == "exit":
        sys.exit(0)
    elif "id" in message:
        write(id=message["id"], result=None)
