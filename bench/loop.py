#!/usr/bin/env python3
"""A batch in a program with an event loop, with docker-registry: how late a timer of
10 ms is, and how soon all threads have ended after a cancel."""

import argparse
import os
import statistics
import subprocess

from compare import print_head
from images import MIB, TAG, Image, Registry, make_certificate


def figures(output, name):
    """The values of a name in the lines of the program, in ms."""
    values = []
    for line in output.splitlines():
        words = line.split()
        found = dict(zip(words[::2], words[1::2]))
        if name in found:
            values.append(int(found[name]) / 1000)
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True, help="the folder of the C programs")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--layer-mib", type=int, default=16, help="the size of a blob")
    options = parser.parse_args()

    certificate = make_certificate(options.work)
    image = Image(os.path.join(options.work, "image"), 30, options.layer_mib * MIB)
    registries = [Registry("docker-registry", options.work, "http", "storage"),
                  Registry("docker-registry", options.work, "https", "storage", certificate)]
    try:
        subprocess.run([os.path.join(options.work, "images"), image.path,
                        registries[0].url("image"), TAG, "0"], check=True)
        print_head(options.rounds)
        for registry in registries:
            done = subprocess.run(
                [os.path.join(options.work, "loop"), "--ca", certificate[0],
                 registry.url("image"), TAG, options.work, str(options.rounds)],
                check=True, stdout=subprocess.PIPE, text=True)
            print(f"\n30 blobs of {options.layer_mib} MiB, {registry.scheme}, in ms")
            print(f"  {'':<44} {'median':>8} {'most':>8}")
            for name, title in [
                ("late", "a timer is late by, while they are pulled"),
                ("late-without", "a timer is late by, without the batch"),
                ("step", "longest call of reggie_batch_step()"),
                ("ended", "all threads ended, after a cancel of 16 pulls"),
            ]:
                values = figures(done.stdout, name)
                print(f"  {title:<44} {statistics.median(values):8.2f} {max(values):8.2f}",
                      flush=True)
    finally:
        for registry in registries:
            registry.stop()


if __name__ == "__main__":
    main()
