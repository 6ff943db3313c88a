#!/usr/bin/env python3
"""A language server reads the YAML as an editor does: with the copy of the schema that `telform init` writes.

Usage: editor.py TELFORM YAML_LANGUAGE_SERVER REPOSITORY
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

TELFORM, SERVER, TOP = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])


class Editor:
    """An open editor. Messages go over the standard streams of the server."""

    def __init__(self, folder: pathlib.Path):
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.server = subprocess.Popen(["node", str(SERVER), "--stdio"], **streams)
        self.count = 0
        capabilities = {"textDocument": {"publishDiagnostics": {}, "hover": {"contentFormat": ["plaintext"]}}}
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities})
        self.send({"method": "initialized", "params": {}})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.wait()

    def send(self, message: dict):
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(text) + text)
        self.server.stdin.flush()

    def next(self) -> dict:
        length = 0
        while line := self.server.stdout.readline().strip():
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise SystemExit("the language server ended")
        message = json.loads(self.server.stdout.read(length))
        if "id" in message and "method" in message:
            # The server asks for settings, one for each section. Only schemas that the file names are used.
            items = (message.get("params") or {}).get("items", [])
            settings = {"validate": True, "hover": True, "schemaStore": {"enable": False}}
            self.send({"id": message["id"], "result": [settings for _ in items]})
        return message

    def ask(self, method: str, params: dict):
        self.count += 1
        self.send({"id": self.count, "method": method, "params": params})
        while True:
            message = self.next()
            if message.get("id") == self.count and "method" not in message:
                return message.get("result")

    def open(self, file: pathlib.Path) -> list[str]:
        """What the editor marks in a file."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": file.read_text()}
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while True:
            message = self.next()
            if message.get("method") == "textDocument/publishDiagnostics":
                if message["params"]["uri"] == file.as_uri():
                    return [f"line {it['range']['start']['line'] + 1}: {it['message']}" for it in message["params"]["diagnostics"]]

    def hover(self, file: pathlib.Path, word: str) -> str:
        lines = file.read_text().splitlines()
        line = next(at for at, text in enumerate(lines) if word in text)
        position = {"line": line, "character": lines[line].index(word) + 1}
        shown = self.ask("textDocument/hover", {"textDocument": {"uri": file.as_uri()}, "position": position})
        contents = (shown or {}).get("contents", "")
        return contents if isinstance(contents, str) else contents.get("value", "")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        for example in sorted(TOP.glob("examples/*/telform.yaml")):
            copy = folder / example.parent.name
            shutil.copytree(example.parent, copy)
            # The examples name the schema in the repository; a user has a copy beside the configuration.
            text = (copy / "telform.yaml").read_text()
            text = text.replace("../../schemas/telform.schema.json", ".telform/telform.schema.json")
            (copy / "telform.yaml").write_text(text)
            subprocess.run([TELFORM, "schema", "--out", copy / ".telform/telform.schema.json"], check=True, stdout=subprocess.DEVNULL)
            with Editor(copy) as editor:
                marked = editor.open(copy / "telform.yaml")
            assert marked == [], f"{example}: {marked}"
            print(f"{example.relative_to(TOP)}: nothing is marked")

        file = folder / "quickstart" / "telform.yaml"
        text = file.read_text()
        with Editor(file.parent) as editor:
            editor.open(file)
            hover = editor.hover(file, "account_sid:")
        assert hover.strip(), "no text for account_sid"
        print("account_sid: " + " ".join(hover.split()))
        faults = {
            "a literal secret": ("auth_token: { env: TWILIO_AUTH_TOKEN }", "auth_token: canary-not-a-secret", "never the secret itself"),
            "a misspelled key": ("account_sid:", "acount_sid:", "acount_sid"),
            "a number that is none": ('"+14155550101":', '"+1 (415) 555":', "as_shown"),
        }
        for what, (right, wrong, message) in faults.items():
            assert right in text, right
            file.write_text(text.replace(right, wrong, 1))
            with Editor(file.parent) as editor:
                marked = editor.open(file)
            assert any(message in line for line in marked), f"{what}: {marked}"
            print(f"{what}: {marked[0]}")


main()
