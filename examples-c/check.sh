#!/bin/sh
# Runs all examples against one registry.
#
#     check.sh FOLDER URL
#
# FOLDER is where the examples are. See common.h for credentials.
set -eu

for example in \
    "push_pull $2 reggie/example v1" \
    "push_pull $2" \
    "list_tags $2" \
    "show_errors $2" \
    "auth $2" \
    "stream_blob $2 reggie/example 16"
do
    echo "--- $example"
    # No word of these has blanks in it.
    # shellcheck disable=SC2086
    "$1"/$example
done
