#!/bin/sh
# Runs all examples against one registry.
#
#     check.sh FOLDER URL
#
# FOLDER contains the examples. See common.h for credentials.
set -eu

# What push_pull pushes: {}.
blob=sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo layer >"$folder/layer.tar"

for example in \
    "push_pull $2 reggie/example v1" \
    "push_pull $2" \
    "list_tags $2" \
    "show_errors $2" \
    "auth $2" \
    "stream_blob $2 reggie/example 16" \
    "pull_blob $2 reggie/example $blob $folder/blob" \
    "mount_read $2 reggie/example $blob 4" \
    "tags $2/reggie/example:v1 v2" \
    "tags $2/reggie/example" \
    "referrers $2/reggie/example:v1 text/plain note" \
    "referrers $2/reggie/example:v1" \
    "inspect $2/reggie/example:v1" \
    "copy $2/reggie/example:v1 $2/reggie/copied:v1" \
    "mirror $2/reggie/example $2/reggie/mirrored v1" \
    "index $2/reggie/example:many linux/amd64=v1 linux/arm64/v8=v2" \
    "blob put $2/reggie/other" \
    "blob stat $2/reggie/example $blob" \
    "blob get $2/reggie/example $blob" \
    "blob url $2/reggie/example $blob" \
    "blob mount $2/reggie/mounted $blob reggie/example" \
    "blob delete $2/reggie/mounted $blob" \
    "loop $2/reggie/example:v1 $folder" \
    "image $2/reggie/image:v1 linux/amd64 $folder/layer.tar" \
    "pull $2/reggie/image:v1 $folder/layout linux/amd64" \
    "push_files $2/reggie/files:v1 text/plain name=value $folder/layer.tar" \
    "attach $2/reggie/image:v1 text/spdx $folder/layer.tar" \
    "referrers $2/reggie/image:v1 text/spdx" \
    "annotate $2/reggie/image:v1 v2 name=value" \
    "token $2/reggie/example push"
do
    echo "--- $example"
    # None of these words contains spaces. blob puts what it gets here.
    # shellcheck disable=SC2086
    echo "$example" | "$1"/$example
done

# It has no settings.
if [ -z "${REGGIE_USER-}${REGGIE_CA_FILE-}" ]; then
    echo "--- readme"
    "$1/readme" "$2/reggie/example:v1"
fi

if [ -x "$1/own_loop" ]; then
    echo "--- own_loop"
    "$1/own_loop" "$2" reggie/example "$blob" "$blob"
fi
