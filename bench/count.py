#!/usr/bin/env python3
"""Counts what one small GET costs: instructions by callgrind, system calls by
strace. It is the difference between two numbers of requests, which leaves out
what a process and a connection cost."""

import argparse
import os
import re
import subprocess
import sys

from compare import serve

FEW, MANY = 200, 1200


def done(command):
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           text=True)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{ended.stderr}")
    return ended.stderr


def instructions(command, scratch):
    said = done(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command])
    return int(re.search(r"Collected : (\d+)", said).group(1))


def system_calls(command, scratch):
    table = os.path.join(scratch, "calls")
    done(["strace", "-f", "-c", "-U", "calls,name", "-o", table, *command])
    with open(table, encoding="utf-8") as lines:
        total = [line.split()[0] for line in lines if line.split()[-1:] == ["total"]]
    return int(total[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--reggie", required=True)
    parser.add_argument("--curl", required=True)
    parser.add_argument("--scratch", required=True, help="a folder for files")
    options = parser.parse_args()

    server, served = serve(options.server)
    try:
        print(f"{'for each GET of 1.5 kB':<24} {'instructions':>13} {'system calls':>13}")
        for scheme in ("http", "https"):
            for name, program in (("libreggie", options.reggie), ("libcurl", options.curl)):
                trust = ["--ca", served["ca"]] if scheme == "https" else []

                def each(count):
                    few, many = (
                        count([program, *trust, "get", str(number), served[f"{scheme}-small"]],
                              options.scratch)
                        for number in (FEW, MANY))
                    return (many - few) / (MANY - FEW)

                print(f"{name + ', ' + scheme:<24} {each(instructions):13,.0f}"
                      f" {each(system_calls):13.2f}", flush=True)
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
