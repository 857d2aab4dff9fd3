#!/bin/sh
# A copy of everything that is kept, while the platform works: deploy/backup.sh DIRECTORY
#
# The catalogue first, then Dagster's history, which the catalogue is repaired from, then both buckets: each is at least as
# new as what stands before it. What is in DIRECTORY already and unchanged is not copied again. For compose as it stands;
# elsewhere DATABASE_RUN and STORE_RUN are how pg_dump and media-pipeline are started ("env" where they are on the PATH, with
# libpq's and boto3's usual variables).
set -eu
directory=${1:?"usage: deploy/backup.sh DIRECTORY"}
umask 077
mkdir -p "$directory/objects"
directory=$(cd "$directory" && pwd)
rm -f "$directory/finished" # until this one is

database() { ${DATABASE_RUN:-docker compose exec -T -u postgres postgres env PGUSER=media} "$@"; }
objects() {
  if [ -n "${STORE_RUN:-}" ]; then
    $STORE_RUN media-pipeline objects "$1" "$directory/objects"
  else
    docker compose run --rm -T --no-deps --user "$(id -u):$(id -g)" --workdir /backup \
      -v "$directory/objects:/backup" buckets media-pipeline objects "$1" /backup
  fi
}

for name in "${CATALOGUE_DB:-catalogue}" "${DAGSTER_PG_DB:-dagster}"; do
  database pg_dump --format=custom --no-owner "$name" > "$directory/$name.dump.new"
  mv "$directory/$name.dump.new" "$directory/$name.dump"
done
objects save
date -u +%Y-%m-%dT%H:%M:%SZ > "$directory/finished"
