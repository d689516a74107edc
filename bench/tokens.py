#!/usr/bin/env python3
"""GETs of one manifest that olareg gives for a token alone."""

import argparse
import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time

from compare import measure, print_head
from count import print_counts

REPOSITORY, TAG = "bench", "small"
SMALL = 1500
USER = "user:password"
# The bcrypt hash of the password.
HASH = "$2y$05$eU80HCEpqq3Gu0UuT30nK.S9nuJZc0jvbj8js2FO/irOC7L.hnnX."
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def fill(folder):
    """Writes an image, as an OCI layout, whose manifest has the wanted size."""
    blobs = os.path.join(folder, REPOSITORY, "blobs", "sha256")
    os.makedirs(blobs)

    def store(media_type, data):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as file:
            file.write(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def manifest(padding):
        empty = store("application/vnd.oci.empty.v1+json", b"{}")
        return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": empty,
                           "layers": [empty], "annotations": {"padding": padding}}).encode()

    one = store(MANIFEST, manifest("x" * (SMALL - len(manifest("")))))
    one["annotations"] = {"org.opencontainers.image.ref.name": TAG}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
             "manifests": [one]}
    for name, content in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(os.path.join(folder, REPOSITORY, name), "w", encoding="utf-8") as file:
            json.dump(content, file)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def registry(program, scratch):
    """Runs olareg, with its own token server; gives its host and port."""
    storage, users = os.path.join(scratch, "registry"), os.path.join(scratch, "users.yml")
    fill(storage)
    with open(users, "w", encoding="utf-8") as file:
        file.write(f'users: {{user: {{cred: "{HASH}"}}}}\ngroups: {{}}\n'
                   'acls: [{repo: "*", members: ["user"], access: ["*"]}]\n')
    port = free_port()
    host = f"127.0.0.1:{port}"
    server = subprocess.Popen(
        [program, "serve", "--dir", storage, "--addr", "127.0.0.1", "--port", str(port),
         "--auth-token-opaque", users, "--external-url", f"http://{host}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            if server.poll() is not None:
                break
            time.sleep(0.01)
        if server.poll() is not None:
            sys.exit("olareg did not start")
        yield host
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--olareg", required=True)
    parser.add_argument("--programs", required=True, help="the folder of the clients")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--count", action="store_true",
                        help="count instructions and system calls instead, but for Go's")
    options = parser.parse_args()

    def program(name):
        return os.path.join(options.programs, name)

    with registry(options.olareg, options.programs) as host:
        url = f"http://{host}/v2/{REPOSITORY}/manifests/{TAG}"
        commands = {
            "libreggie": lambda n: [program("reggie"), "--user", USER, "get", n, url],
            "libreggie, manifests": lambda n: [program("content"), "--user", USER, "manifests",
                                               f"http://{host}/v2/{REPOSITORY}", TAG, n],
            "libcurl, token once": lambda n: [program("curl_token"), "once", USER, n, url],
            "libcurl, token for each": lambda n: [program("curl_token"), "each", USER, n, url],
        }
        if options.count:
            print_counts("for each GET with a token", commands, options.programs)
            return
        commands["oras-go"] = lambda n: [program("oras"), USER, n, f"{host}/{REPOSITORY}:{TAG}"]
        number = str(options.requests)
        filled = {name: command(number) for name, command in commands.items()}
        print_head(options.rounds)
        measure(f"{number} GETs with a token, http", filled, options.rounds, options.warm_up)


if __name__ == "__main__":
    main()
