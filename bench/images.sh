#!/bin/sh
# Whole images beside crane, oras, regctl and skopeo, with docker-registry.
# Passes its arguments to images.py: --rounds, --layer-mib, --only, and names of cases.
set -eu
. "$(dirname "$0")/build.sh"
compile images "$work/libreggie.so.0" -Wl,-rpath,"$work"
compile timed

# Their versions are those of the long tests.
tools=$root/target/long
for package in \
    crane=github.com/google/go-containerregistry/cmd/crane \
    regctl=github.com/regclient/regclient/cmd/regctl \
    oras=oras.land/oras/cmd/oras
do
    (cd "$root/tests/long" && go build -o "$tools/${package%%=*}" "${package#*=}")
done

python3 "$bench/images.py" --work "$work" --tools "$tools" "$@"
