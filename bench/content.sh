#!/bin/sh
# Blobs of 1 GiB and their parts, beside oras-go, libcurl and a minimal download in C.
# Passes its arguments to content.py: --rounds, and names of cases.
set -eu
. "$(dirname "$0")/build.sh"
build_server
compile content "$work/libreggie.so.0" -Wl,-rpath,"$work" -pthread
compile floor -lssl -lcrypto -pthread
compile timed
compile curl_pread -lcurl -pthread
(cd "$bench/oras" && go build -o "$work/oras" .)
build_tools oras
cp "$tools/oras" "$work/oras-cli"

# Random bytes: the holes of a sparse file would share one page.
head -c 1073741824 /dev/urandom > "$work/file"

python3 "$bench/content.py" --programs "$work" "$@"
