#!/bin/sh
# Runs all examples against one registry.
#
#     check.sh FOLDER URL
#
# FOLDER contains the examples. See common.h for credentials.
set -eu

for example in \
    "push_pull $2 reggie/example v1" \
    "push_pull $2" \
    "list_tags $2" \
    "show_errors $2" \
    "auth $2" \
    "stream_blob $2 reggie/example 16" \
    "tags $2/reggie/example:v1 v2" \
    "tags $2/reggie/example" \
    "referrers $2/reggie/example:v1 text/plain note" \
    "referrers $2/reggie/example:v1" \
    "inspect $2/reggie/example:v1"
do
    echo "--- $example"
    # None of these words contains spaces.
    # shellcheck disable=SC2086
    "$1"/$example
done
