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


def each(count, command, scratch):
    """What one more request costs; `command` gives that of a number of them."""
    few, many = (count(command(str(number)), scratch) for number in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def print_counts(title, commands, scratch):
    print(f"{title:<26} {'instructions':>13} {'system calls':>13}")
    for name, command in commands.items():
        print(f"{name:<26} {each(instructions, command, scratch):13,.0f}"
              f" {each(system_calls, command, scratch):13.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--reggie", required=True)
    parser.add_argument("--curl", required=True)
    parser.add_argument("--scratch", required=True, help="a folder for files")
    options = parser.parse_args()

    server, served = serve(options.server)
    try:
        commands = {}
        for scheme, trust in (("http", []), ("https", ["--ca", served["ca"]])):
            for name, program in (("libreggie", options.reggie), ("libcurl", options.curl)):
                begin, end = [program, *trust, "get"], [served[f"{scheme}-small"]]
                commands[f"{name}, {scheme}"] = (
                    lambda number, begin=begin, end=end: [*begin, number, *end])
        print_counts("for each GET of 1.5 kB", commands, options.scratch)
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
