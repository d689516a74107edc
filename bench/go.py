#!/usr/bin/env python3
"""The Go package beside Go Reggie: small GETs, with and without a token, bodies."""

import argparse
import os

from compare import measure, print_head, serve
from tokens import REPOSITORY, TAG, USER, registry

# The cases with the embedded registry: title and arguments. Words in capitals are
# replaced by its URLs.
CASES = {
    "get": ("{n} GETs, http", ["get", "{n}", "http-small"]),
    "body": ("1 GiB down by Body()", ["body", "http-large"]),
    "raw": ("1 GiB down by RawBody()", ["raw", "http-large"]),
    "bytes": ("1 GiB up from []byte", ["bytes", "http-sink", "FILE"]),
    "reader": ("1 GiB up from a reader", ["reader", "http-sink", "FILE"]),
}


def compare(options, title, arguments):
    commands = {
        "libreggie": [os.path.join(options.programs, "ours"), USER, *arguments],
        "Go Reggie": [os.path.join(options.programs, "theirs"), USER, *arguments],
    }
    measure(title, commands, options.rounds, options.warm_up)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--olareg", required=True)
    parser.add_argument("--programs", required=True, help="the folder of the clients")
    parser.add_argument("--file", required=True, help="what is sent up")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("cases", nargs="*", help=", ".join([*CASES, "token"]))
    options = parser.parse_args()
    unknown = set(options.cases) - {*CASES, "token"}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    cases = options.cases or [*CASES, "token"]

    print_head(options.rounds)
    server, served = serve(options.server)
    try:
        words = {**served, "FILE": options.file}
        for name in cases:
            if name in CASES:
                title, arguments = CASES[name]
                compare(options, title.format(n=options.requests),
                        [words.get(word, word.format(n=options.requests)) for word in arguments])
    finally:
        server.stdin.close()
        server.wait()
    if "token" in cases:
        with registry(options.olareg, options.programs) as host:
            url = f"http://{host}/v2/{REPOSITORY}/manifests/{TAG}"
            compare(options, f"{options.requests} GETs with a token, http",
                    ["get", str(options.requests), url])


if __name__ == "__main__":
    main()
