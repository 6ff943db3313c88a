"""Programs that serve on loopback, for the scripts beside this file."""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Service:
    """A program that serves until it is ended. Its log says where, as the first group of READY."""

    def __init__(self, command, ready, folder):
        self.log = folder / f"{Path(command[0]).name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        for _ in range(600):
            found = re.search(ready, self.text())
            if found:
                self.address = found.group(1)
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        sys.exit(f"{command[0]} did not start:\n{self.text()}")

    def text(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


@contextlib.contextmanager
def sandbox(telform, world):
    """The addresses of the sandbox of a world, by service, as long as it is used."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "world.yaml").write_text(world)
        command = [str(telform), "sandbox", "world.yaml", "--json"]
        served = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            line = served.stdout.readline()
            if not line:
                sys.exit("the sandbox did not start")
            yield {service["api"]: service["url"] for service in json.loads(line)["services"]}
        finally:
            served.terminate()
            served.wait(timeout=30)
