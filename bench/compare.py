#!/usr/bin/env python3
"""Runs the benchmark's programs in turn and prints medians and ratios."""

import argparse
import os
import statistics
import subprocess
import sys

# The cases: title, scheme, arguments of libreggie, and the program and arguments
# of each other client. Words in capitals are replaced by URLs of the server.
CASES = [
    ("get", "{n} GETs, http", "http", ["get", "{n}", "SMALL"],
     {"libcurl": ["curl", "get", "{n}", "SMALL"]}),
    ("get-tls", "{n} GETs, https", "https", ["get", "{n}", "SMALL"],
     {"libcurl": ["curl", "get", "{n}", "SMALL"]}),
    ("down", "1 GiB down, http", "http", ["down", "LARGE"],
     {"libcurl, default buffer": ["curl", "down", "LARGE"],
      "libcurl, largest buffer": ["curl", "down", "LARGE", "largest"]}),
    ("down-tls", "1 GiB down, https", "https", ["down", "LARGE"],
     {"libcurl, default buffer": ["curl", "down", "LARGE"],
      "libcurl, largest buffer": ["curl", "down", "LARGE", "largest"]}),
    ("up", "1 GiB up, http", "http", ["up", "SINK", "FILE"],
     {"libcurl, default buffer": ["curl", "up", "SINK", "FILE"],
      "libcurl, largest buffer": ["curl", "up", "SINK", "FILE", "largest"]}),
    ("up-tls", "1 GiB up, https", "https", ["up", "SINK", "FILE"],
     {"libcurl, default buffer": ["curl", "up", "SINK", "FILE"],
      "libcurl, largest buffer": ["curl", "up", "SINK", "FILE", "largest"]}),
    ("push", "1 GiB pushed from a file, with its digest, http", "http",
     ["push", "REPOSITORY", "FILE"], {"oras-go": ["oras", "push", "REPOSITORY", "FILE"]}),
]


def serve(program):
    """Starts the server; it ends when the pipe to it is closed."""
    server = subprocess.Popen([program], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    served = {}
    for line in server.stdout:
        name, value = line.rstrip("\n").split(" ", 1)
        if name == "ready":
            return server, served
        served[name] = value
    sys.exit("the server did not start")


def run(command, stderr=None):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed: {' '.join(command[1:])}")
    words = done.stdout.split()
    result = {name: float(value) for name, value in zip(words[::2], words[1::2])}
    result["cpu"] = result["user"] + result["sys"]
    return result


def median(results, what):
    return statistics.median(result[what] for result in results)


def ratio(ours, theirs, what):
    """The median of the ratios of neighbours, which met the same machine."""
    return statistics.median(a[what] / b[what] for a, b in zip(ours, theirs))


def print_head(rounds):
    load = os.getloadavg()[0]
    print(f"{rounds} rounds, load of the machine before them {load:.1f}")


def measure(title, commands, rounds, warm_up, output=None, run_it=run):
    """Runs commands by name, the first of which is the library's, in turn.

    The file `output` is removed before each: to remove what another program has
    written costs as much as to write it.
    """
    results = {name: [] for name in commands}
    names = list(commands)
    for number in range(warm_up + rounds):
        # Rotate the order, so that no program benefits from its position.
        for name in names[number % len(names):] + names[:number % len(names)]:
            if output and os.path.exists(output):
                os.remove(output)
            result = run_it(commands[name])
            if number >= warm_up:
                results[name].append(result)

    print(f"\n{title}")
    print(f"  {'':<24} {'wall s':>8} {'user s':>8} {'sys s':>8} {'CPU s':>8} {'peak MiB':>9}")
    for name, rows in results.items():
        print(f"  {name:<24} {median(rows, 'wall'):8.3f} {median(rows, 'user'):8.3f}"
              f" {median(rows, 'sys'):8.3f} {median(rows, 'cpu'):8.3f}"
              f" {median(rows, 'peak') / 1024:9.1f}")
    for name in names[1:]:
        ours, others = results[names[0]], results[name]
        print(f"  {'ratio to ' + name:<33} wall {ratio(ours, others, 'wall'):.2f}"
              f"   CPU {ratio(ours, others, 'cpu'):.2f}"
              f"   peak {ratio(ours, others, 'peak'):.2f}", flush=True)


def compare(options, served, case):
    _, title, scheme, ours, theirs = case
    words = {"SMALL": served[f"{scheme}-small"], "LARGE": served[f"{scheme}-large"],
             "SINK": served[f"{scheme}-sink"], "REPOSITORY": served[f"{scheme}-repository"],
             "FILE": options.file}
    programs = {"curl": options.curl, "oras": options.oras}
    trust = ["--ca", served["ca"]] if scheme == "https" else []

    def command(program, arguments):
        filled = [words.get(word, word.format(n=options.requests)) for word in arguments]
        return [program, *trust, *filled]

    commands = {"libreggie": command(options.reggie, ours)}
    for name, (program, *arguments) in theirs.items():
        commands[name] = command(programs[program], arguments)
    measure(title.format(n=options.requests), commands, options.rounds, options.warm_up)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--reggie", required=True)
    parser.add_argument("--curl", required=True)
    parser.add_argument("--oras", required=True)
    parser.add_argument("--file", required=True, help="what is sent up")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("cases", nargs="*", help=", ".join(case[0] for case in CASES))
    options = parser.parse_args()
    unknown = set(options.cases) - {case[0] for case in CASES}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")

    server, served = serve(options.server)
    try:
        print_head(options.rounds)
        for case in CASES:
            if not options.cases or case[0] in options.cases:
                compare(options, served, case)
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
