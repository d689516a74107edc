#!/usr/bin/env python3
"""Blobs beside oras-go, libcurl and a minimal download in C."""

import argparse
import os

from compare import measure, print_head, serve

# The cases: title, scheme, and the commands, of which the first is the library's.
# Words in capitals are replaced.
CASES = {
    "down": ("1 GiB down, verified, http", "http", {
        "libreggie": "content down REPOSITORY DIGEST",
        "oras-go": "oras down REPOSITORY DIGEST",
        "recv and SHA-256": "floor HOST PORT BARE_NAME DIGEST"}),
    "down-tls": ("1 GiB down, verified, https", "https", {
        "libreggie": "content down REPOSITORY DIGEST",
        "oras-go": "oras down REPOSITORY DIGEST",
        "SSL_read and SHA-256": "floor HOST PORT BARE_NAME DIGEST"}),
    "save": ("1 GiB down to a path, verified, http", "http", {
        "libreggie": "content save REPOSITORY DIGEST OUTPUT 0",
        "oras-go": "oras save REPOSITORY DIGEST OUTPUT",
        "oras": "timed CLI blob fetch PLAIN --output OUTPUT NAME@DIGEST",
        "libreggie, synced": "content save REPOSITORY DIGEST OUTPUT 1"}),
    "save-tls": ("1 GiB down to a path, verified, https", "https", {
        "libreggie": "content save REPOSITORY DIGEST OUTPUT 0",
        "oras-go": "oras save REPOSITORY DIGEST OUTPUT",
        "oras": "timed CLI blob fetch PLAIN --output OUTPUT NAME@DIGEST",
        "libreggie, synced": "content save REPOSITORY DIGEST OUTPUT 1"}),
    "up": ("1 GiB up from a path, http", "http", {
        "libreggie": "content push REPOSITORY FILE",
        "oras-go": "oras push REPOSITORY FILE"}),
    "up-tls": ("1 GiB up from a path, https", "https", {
        "libreggie": "content push REPOSITORY FILE",
        "oras-go": "oras push REPOSITORY FILE"}),
    "pread": ("10,000 reads of 4 KiB at random, 1 thread, http", "http", {
        "libreggie": "content pread REPOSITORY DIGEST 10000 1",
        "libcurl": "curl_pread BLOB 10000 1"}),
    "pread-8": ("10,000 reads of 4 KiB at random, 8 threads, http", "http", {
        "libreggie": "content pread REPOSITORY DIGEST 10000 8",
        "libcurl": "curl_pread BLOB 10000 8"}),
    "ranges": ("1 GiB down in four ranges, http", "http", {
        "libreggie": "content down REPOSITORY DIGEST 4",
        "libreggie, one": "content down REPOSITORY DIGEST 1"}),
}
TRUSTING = {"content", "floor"}


def commands_of(case, served, programs):
    _, scheme, lines = CASES[case]
    blob = served[f"{scheme}-large"]
    host, _, bare = served[f"{scheme}-repository"].split("://", 1)[1].partition("/v2/")
    digest = blob.rsplit("/", 1)[1]
    words = {
        "REPOSITORY": served[f"{scheme}-repository"], "BLOB": blob,
        "DIGEST": digest, "BARE_NAME": bare, "NAME@DIGEST": f"{host}/{bare}@{digest}",
        "HOST": host.rpartition(":")[0], "PORT": host.rpartition(":")[2],
        "FILE": os.path.join(programs, "file"), "OUTPUT": os.path.join(programs, "output"),
        "CLI": os.path.join(programs, "oras-cli"),
        "PLAIN": "--plain-http" if scheme == "http" else "",
    }
    commands = {}
    for name, line in lines.items():
        program, *arguments = line.split()
        trust = ["--ca", served["ca"]] if scheme == "https" and program in TRUSTING else []
        commands[name] = [os.path.join(programs, program), *trust,
                          *filter(None, (words.get(word, word) for word in arguments))]
    return commands


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, help="the folder of the programs")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("cases", nargs="*", help=", ".join(CASES))
    options = parser.parse_args()
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")

    server, served = serve(os.path.join(options.programs, "server"))
    # What Go trusts.
    os.environ["SSL_CERT_FILE"] = served["ca"]
    try:
        print_head(options.rounds)
        for case in options.cases or CASES:
            measure(CASES[case][0], commands_of(case, served, options.programs),
                    options.rounds, options.warm_up,
                    os.path.join(options.programs, "output"))
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
