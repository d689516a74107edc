#!/bin/sh
# GETs of a manifest with a token from olareg, compared with libcurl and oras-go.
# Passes its arguments to tokens.py: --rounds, --requests, --count.
set -eu
. "$(dirname "$0")/build.sh"
compile curl_token -lcurl
compile content "$work/libreggie.so.0" -Wl,-rpath,"$work" -pthread
(cd "$bench/oras" && go build -o "$work/oras" .)
(cd "$root/tests/registries" && go build -o "$work/olareg" github.com/olareg/olareg/cmd/olareg)

python3 "$bench/tokens.py" --olareg "$work/olareg" --programs "$work" "$@"
