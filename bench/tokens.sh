#!/bin/sh
# GETs of one manifest that olareg gives for a token alone, beside libcurl and
# oras-go. Arguments go to tokens.py: --rounds, --requests, --count.
set -eu
. "$(dirname "$0")/build.sh"
compile curl_token -lcurl
(cd "$bench/oras" && go build -o "$work/oras" .)
(cd "$root/tests/registries" && go build -o "$work/olareg" github.com/olareg/olareg/cmd/olareg)

python3 "$bench/tokens.py" --olareg "$work/olareg" --programs "$work" "$@"
