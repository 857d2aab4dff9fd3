#!/bin/sh
# Makes what is missing of the platform's secrets: deploy/secrets.sh [DIRECTORY]. What is there is left as it is.
# The directory is closed to others; the files are open, because services of other users get them one by one.
set -eu
directory=${1:-$(dirname "$0")/secrets}
mkdir -p "$directory"
chmod 0700 "$directory"
for name in postgres_password store_key store_secret signing_key operator_password; do
  [ -s "$directory/$name" ] && continue
  head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$directory/$name"
  chmod 0444 "$directory/$name"
  echo "made $directory/$name" >&2
done
