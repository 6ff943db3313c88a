#!/usr/bin/env python3
"""Types the line of the variable LINE into an interactive zsh, presses Tab and prints what the line has become.

zsh completes only in its line editor, so it runs in a terminal of its own. `functions/` holds telform's script."""

import os
import pty
import select
import sys
import time

line = os.environ["LINE"]
child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "dumb"
    os.execvp("zsh", ["zsh", "-f", "-i"])


def read_until(mark: bytes, seconds: float) -> bytes:
    text, end = b"", time.monotonic() + seconds
    while mark not in text and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                text += os.read(terminal, 65536)
            except OSError:
                break
    return text


ready = "fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u; PS1=; bindkey '^I' complete-word; print REA''DY\n"
os.write(terminal, ready.encode())
read_until(b"READY", 30)
# The line editor is ready when it asks for pastes in brackets.
read_until(b"\x1b[?2004h", 10)
os.write(terminal, line.encode() + b"\t")
# Completion asks telform; what is typed meanwhile waits. The line is then turned into the argument of a print, and run.
os.write(terminal, b"\x01print -r -- DO''NE \x05\n")
sys.stdout.write(read_until(b"\nDONE", 20).decode("utf-8", "replace"))
sys.stdout.write(read_until(b"\x1b[?2004h", 10).decode("utf-8", "replace"))
os.write(terminal, b"exit\n")
