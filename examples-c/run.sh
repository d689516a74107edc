#!/bin/sh
# Pushes and pulls a blob with requests, and then an image with progress.
#
#     run.sh FOLDER URL
#
# FOLDER contains the examples. See common.h for credentials.
set -eu

"$1/push_pull" "$2"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A layer of 64 MiB and one of 1 MiB, with other content each time.
for size in 64 1; do
    dd if=/dev/urandom of="$folder/data" bs=1048576 count="$size" 2>/dev/null
    tar -cf "$folder/$size.tar" -C "$folder" data
done

echo
echo "--- push of an image"
"$1/image" "$2/reggie/image:v1" linux/amd64 "$folder/64.tar" "$folder/1.tar"
echo "--- pull of the image"
"$1/pull" "$2/reggie/image:v1" "$folder/layout"
echo "--- pull of the image into the same directory"
"$1/pull" "$2/reggie/image:v1" "$folder/layout"
