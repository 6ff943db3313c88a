#!/usr/bin/env node
// Starts the telform of the package that npm chose for this machine, with the same arguments, streams and exit code.
"use strict";

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");

const name = `@telform/cli-${process.platform}-${process.arch}`;

function find() {
  try {
    return require.resolve(`${name}/telform`);
  } catch {
    const known = Object.keys(require("./package.json").optionalDependencies);
    console.error(
      known.includes(name)
        ? `telform: the package ${name} is not installed. npm leaves it out with --omit=optional or --no-optional;` +
            " install telform again without these options."
        : `telform: there is no binary for ${process.platform} ${process.arch}. Packages exist for: ${known.join(", ")}.` +
            " A Rust toolchain builds it from source.",
    );
    process.exit(1);
  }
}

// A terminal sends its signals to all processes in the foreground, telform included. Passing them on would be a second interrupt,
// which ends telform without settling what it sent.
function hasTerminal() {
  try {
    fs.closeSync(fs.openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

const child = spawn(find(), process.argv.slice(2), { stdio: "inherit" });
const fromTerminal = ["SIGINT", "SIGQUIT", "SIGHUP"];
for (const signal of [...fromTerminal, "SIGTERM"]) {
  // With a handler this process waits for telform, which ends in good order.
  process.on(signal, () => {
    if (!fromTerminal.includes(signal) || !hasTerminal()) child.kill(signal);
  });
}
child.on("error", (error) => {
  console.error(`telform: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal ? 128 + os.constants.signals[signal] : code));
