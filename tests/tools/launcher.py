"""The program that npm installs passes on arguments, streams, the exit code and signals, and never makes one interrupt into two.
Usage: launcher.py FOLDER, the folder of `telform.js`. Needs node."""

import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

SOURCES = pathlib.Path(sys.argv[1])
# Counts interrupts, and ends some time after the first as telform does. It speaks only when it listens.
FAKE = """#!/usr/bin/env python3
import os, signal, sys, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append("INT"))
signal.signal(signal.SIGTERM, lambda *_: seen.append("TERM"))
if sys.argv[1:] == ["wait"]:
    print("ready", flush=True)
    while not seen:
        time.sleep(0.01)
    time.sleep(0.5)
    print("seen", *seen, flush=True)
    sys.exit(130)
if sys.argv[1:] == ["die"]:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
print(sys.argv[1:], sys.stdin.read())
print("an error", file=sys.stderr)
sys.exit(5)
"""


def installed(folder, with_binary=True):
    main = folder / "node_modules/telform"
    main.mkdir(parents=True)
    for name in ("telform.js", "package.json"):
        (main / name).write_text((SOURCES / name).read_text())
    machine = subprocess.run(["node", "-p", "`${process.platform}-${process.arch}`"], stdout=subprocess.PIPE, text=True, check=True)
    package = folder / f"node_modules/@telform/cli-{machine.stdout.strip()}"
    if with_binary:
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"name": "x", "version": "0.0.0"}))
        (package / "telform").write_text(FAKE)
        (package / "telform").chmod(0o755)
    return ["node", str(main / "telform.js")]


def until(read, word):
    text = ""
    deadline = time.monotonic() + 60
    while word not in text:
        assert time.monotonic() < deadline, f"no {word!r} in {text!r}"
        text += read()
    return text


with tempfile.TemporaryDirectory() as name:
    command = installed(pathlib.Path(name))

    run = subprocess.run([*command, "a b", "--c"], input="in", capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (5, "['a b', '--c'] in\n", "an error\n"), run
    run = subprocess.run([*command, "die"], capture_output=True)
    assert run.returncode == 128 + signal.SIGTERM, run

    # Without a terminal whoever ends the launcher means telform.
    for sent, word in ((signal.SIGINT, "INT"), (signal.SIGTERM, "TERM")):
        child = subprocess.Popen([*command, "wait"], stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert child.stdout.readline() == "ready\n"
        child.send_signal(sent)
        assert child.stdout.readline() == f"seen {word}\n"
        assert child.wait(60) == 130

    # With a terminal, both processes are sent what is typed: one Ctrl-C stays one interrupt.
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("node", [*command, "wait"])

    def read():
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, "nothing came"
        return os.read(terminal, 1000).decode()

    until(read, "ready")
    os.write(terminal, b"\x03")
    text = until(read, "seen")
    while "\n" not in text.split("seen", 1)[1]:
        text += read()
    assert text.split("seen", 1)[1].split("\r")[0] == " INT", text
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130

with tempfile.TemporaryDirectory() as name:
    run = subprocess.run(installed(pathlib.Path(name), with_binary=False), capture_output=True, text=True)
    assert run.returncode == 1 and "--omit=optional" in run.stderr, run

print("launcher: arguments, streams, exit codes and signals reach telform")
