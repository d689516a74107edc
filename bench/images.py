#!/usr/bin/env python3
"""Whole images beside crane, oras, regctl, skopeo and a minimal program."""

import argparse
import gzip
import hashlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time

from compare import measure, print_head, run

MIB = 1 << 20
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
TAG = "v1"

# What each program does, with words in capitals that are replaced: FROM and TO are
# HOST/REPOSITORY or the path of a layout. The first is the library's.
DOWN = {
    "libreggie": "images URL TO v1 0 PARALLEL",
    "crane": "crane pull --insecure --format=oci FROM:v1 TO",
    "oras": "oras copy PLAIN_FROM FROM:v1 --to-oci-layout TO:v1",
    "regctl": "regctl image copy FROM:v1 ocidir://TO:v1",
    "skopeo": "skopeo --insecure-policy copy --quiet VERIFY_FROM docker://FROM:v1 oci:TO:v1",
    "minimal": "floor --to TO HOST PORT REPOSITORY DIGESTS",
    "libreggie, synced": "images URL TO v1 1 PARALLEL",
}
UP = {
    "libreggie": "images FROM URL v1 0 PARALLEL",
    "crane": "crane push --insecure FROM TO:v1",
    "oras": "oras copy PLAIN_TO --from-oci-layout FROM:v1 TO:v1",
    "regctl": "regctl image copy ocidir://FROM:v1 TO:v1",
    "skopeo": "skopeo --insecure-policy copy --quiet VERIFY_TO oci:FROM:v1 docker://TO:v1",
}
COPY = {
    "libreggie": "images URL_FROM URL_TO v1 0 PARALLEL",
    "crane": "crane copy --insecure FROM:v1 TO:v1",
    "oras": "oras copy PLAIN_FROM PLAIN_TO FROM:v1 TO:v1",
    "regctl": "regctl image copy FROM:v1 TO:v1",
    "skopeo": "skopeo --insecure-policy copy --quiet VERIFY_FROM VERIFY_TO"
              " docker://FROM:v1 docker://TO:v1",
}
# How many blobs of an image libreggie transfers at once. The default is 4; a program
# sets more for many small ones, which take little but the time of their requests.
PARALLEL = {"large": 4, "many": 16}
# The programs in C.
OWN = {"images", "floor"}
# Name, title with the image's size, direction, scheme, image.
CASES = {
    "down": ("{large} down to a layout, http", DOWN, "http", "large"),
    "down-tls": ("{large} down to a layout, https", DOWN, "https", "large"),
    "up": ("{large} up from a layout, http", UP, "http", "large"),
    "up-tls": ("{large} up from a layout, https", UP, "https", "large"),
    "many": ("{many} down to a layout, http", DOWN, "http", "many"),
    "many-tls": ("{many} down to a layout, https", DOWN, "https", "many"),
    "many-up": ("{many} up from a layout, http", UP, "http", "many"),
    "copy": ("{large} from registry to registry, http", COPY, "http", "large"),
    "copy-many": ("{many} from registry to registry, http", COPY, "http", "many"),
}


class Image:
    """An image of random layers in a layout of its own."""

    def __init__(self, path, count, size):
        self.path = path
        self.blobs = []
        os.makedirs(os.path.join(path, "blobs/sha256"))
        layers, ids = [], []
        for _ in range(count):
            # Gzip: skopeo compresses other layers.
            content = os.urandom(size)
            ids.append("sha256:" + hashlib.sha256(content).hexdigest())
            layers.append(self.put(LAYER, gzip.compress(content, 0)))
        config = {"architecture": "amd64", "os": "linux",
                  "rootfs": {"type": "layers", "diff_ids": ids}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.put_json(CONFIG, config), "layers": layers}
        entry = self.put_json(MANIFEST, manifest)
        entry["annotations"] = {"org.opencontainers.image.ref.name": TAG}
        self.write("oci-layout", {"imageLayoutVersion": "1.0.0"})
        self.write("index.json",
                   {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})

    def put(self, media_type, content):
        found = hashlib.sha256(content).hexdigest()
        with open(os.path.join(self.path, "blobs/sha256", found), "wb") as file:
            file.write(content)
        self.blobs.append(f"sha256:{found}")
        return {"mediaType": media_type, "digest": f"sha256:{found}", "size": len(content)}

    def put_json(self, media_type, value):
        return self.put(media_type, json.dumps(value).encode())

    def write(self, name, value):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            json.dump(value, file)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Registry:
    """A registry, by distribution's program, whose files are in `storage`."""

    def __init__(self, program, work, name, storage, certificate=None):
        self.host = f"127.0.0.1:{free_port()}"
        self.scheme = "https" if certificate else "http"
        http = {"addr": self.host, "secret": "shared by nobody"}
        if certificate:
            http["tls"] = {"certificate": certificate[0], "key": certificate[1]}
        config = {"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
                  "storage": {"filesystem": {"rootdirectory": os.path.join(work, storage)}},
                  "http": http}
        path = os.path.join(work, f"{name}.yml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        # Its messages would be among the figures.
        self.process = subprocess.Popen([program, "serve", path], stderr=subprocess.DEVNULL)
        self.wait(program)

    def wait(self, program):
        host, port = self.host.split(":")
        while True:
            if self.process.poll() is not None:
                sys.exit(f"{program} has ended")
            try:
                socket.create_connection((host, int(port))).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.05)

    def url(self, name):
        return f"{self.scheme}://{self.host}/v2/{name}"

    def stop(self):
        self.process.terminate()
        self.process.wait()


def make_certificate(work):
    """What the registry shows, and every client trusts."""
    files = [os.path.join(work, name) for name in ("server.pem", "server.key")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=benchmark",
         "-addext", "subjectAltName=IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE",
         "-out", files[0], "-keyout", files[1]],
        check=True, stderr=subprocess.DEVNULL)
    return files


class Bench:
    def __init__(self, options):
        self.work, self.tools = options.work, options.tools
        self.numbers = itertools.count()
        self.output = os.path.join(self.work, "output")
        self.certificate = make_certificate(self.work)
        sizes = {"large": (8, options.layer_mib * MIB), "many": (options.layers, 100 * 1024)}
        self.images = {name: Image(os.path.join(self.work, name), *size)
                       for name, size in sizes.items()}
        self.titles = {"large": f"8 layers of {options.layer_mib} MiB",
                       "many": f"{options.layers} layers of 100 KiB"}
        serve = self.program(options.registry)
        self.registries = {
            "http": Registry(serve, self.work, "http", "storage"),
            "https": Registry(serve, self.work, "https", "storage", self.certificate),
            "other": Registry(serve, self.work, "other", "other-storage"),
        }
        self.environment()
        for name, image in self.images.items():
            subprocess.run([self.program("images"), image.path,
                            self.registries["http"].url(name), TAG, "0"], check=True)

    def environment(self):
        os.environ["SSL_CERT_FILE"] = self.certificate[0]
        for name in ("HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"):
            os.environ[name] = os.path.join(self.work, "home")
        # Where skopeo keeps which registries have which blobs, to mount them.
        os.environ["XDG_DATA_HOME"] = os.path.join(self.work, "data")
        os.makedirs(os.environ["HOME"], exist_ok=True)
        for name, registry in self.registries.items():
            tls = "enabled" if name == "https" else "disabled"
            subprocess.run([self.program("regctl"), "registry", "set", "--skip-check",
                            "--tls", tls, registry.host], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def program(self, name):
        found = os.path.join(self.work if name in OWN else self.tools, name)
        return found if os.path.exists(found) else shutil.which(name) or sys.exit(f"no {name}")

    def words(self, kind, scheme, image):
        """New places for one run."""
        registry = self.registries[scheme]
        fresh = f"{image}-{next(self.numbers)}"
        layout, target = self.images[image].path, self.registries["other"]
        parallel = str(PARALLEL[image])
        if kind is DOWN:
            host, port = registry.host.split(":")
            return {"URL": registry.url(image), "FROM": f"{registry.host}/{image}",
                    "TO": self.output, "PARALLEL": parallel, "HOST": host, "PORT": port,
                    "REPOSITORY": image}
        if kind is UP:
            return {"URL": registry.url(fresh), "FROM": layout,
                    "TO": f"{registry.host}/{fresh}", "PARALLEL": parallel}
        return {"URL_FROM": registry.url(image), "URL_TO": target.url(fresh),
                "FROM": f"{registry.host}/{image}", "TO": f"{target.host}/{fresh}",
                "PARALLEL": parallel}

    def command(self, line, kind, scheme, image):
        words = self.words(kind, scheme, image)
        plain = scheme == "http"
        # Without the manifest, which comes last.
        flags = {"DIGESTS": self.images[image].blobs[:-1],
                 "PLAIN_FROM": ["--from-plain-http"] if plain else [],
                 "PLAIN_TO": ["--to-plain-http"] if plain else [],
                 "VERIFY_FROM": ["--src-tls-verify=false"] if plain else [],
                 "VERIFY_TO": ["--dest-tls-verify=false"] if plain else []}
        name, *arguments = line.split()
        command = [os.path.join(self.work, "timed")]
        if name == "skopeo" and os.geteuid() == 0:
            # Root's cache of what registries have cannot be elsewhere.
            command += [shutil.which("unshare"), "--user"]
        command.append(self.program(name))
        if name == "images" or (name == "floor" and not plain):
            command += ["--ca", self.certificate[0]]
        for argument in arguments:
            # A capital word is the whole argument, or follows a prefix of lower case.
            for word in sorted(words, key=len, reverse=True):
                if word in argument and argument not in flags:
                    argument = argument.replace(word, words[word], 1)
                    break
            command += flags.get(argument, [argument])
        return command

    def run_in_fresh_places(self, case):
        """Runs a command that begins with nothing at its destination, after what was
        written before is on the disk."""
        _, kind, scheme, image = CASES[case]

        def run_it(line):
            for left in (self.output, os.environ["XDG_DATA_HOME"]):
                shutil.rmtree(left, ignore_errors=True)
            os.sync()
            return run(self.command(line, kind, scheme, image), stderr=subprocess.DEVNULL)
        return run_it

    def stop(self):
        for registry in self.registries.values():
            registry.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True, help="the folder of the C programs")
    parser.add_argument("--tools", required=True, help="the folder of crane, oras and regctl")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--layer-mib", type=int, default=128, help="the size of a large layer")
    parser.add_argument("--layers", type=int, default=200, help="how many small layers")
    parser.add_argument("--registry", default="docker-registry",
                        help="the registry: docker-registry, or distribution (version 3)")
    parser.add_argument("--only", default="", help="the other programs, separated by commas")
    parser.add_argument("cases", nargs="*", help=", ".join(CASES))
    options = parser.parse_args()
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")

    only = set(filter(None, options.only.split(",")))
    bench = Bench(options)
    try:
        print_head(options.rounds)
        for case in options.cases or CASES:
            title, kind, *_ = CASES[case]
            lines = {name: line for name, line in kind.items()
                     if not only or name in only or name.startswith("libreggie")}
            measure(title.format(**bench.titles), lines, options.rounds, options.warm_up,
                    run_it=bench.run_in_fresh_places(case))
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
