#!/bin/sh
# Whole images beside crane, oras, regctl, skopeo and a minimal program. Passes its
# arguments to images.py: --rounds, --layer-mib, --registry, --only, and names of cases.
set -eu
. "$(dirname "$0")/build.sh"
compile images "$work/libreggie.so.0" -Wl,-rpath,"$work"
compile timed
compile floor -lssl -lcrypto -pthread

build_tools crane regctl oras distribution

python3 "$bench/images.py" --work "$work" --tools "$tools" "$@"
