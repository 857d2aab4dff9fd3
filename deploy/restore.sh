#!/bin/sh
# Puts a copy of deploy/backup.sh back in the place of what is there: deploy/restore.sh DIRECTORY
#
# Both databases are replaced; objects that are missing or different are put back, and none is deleted: what nothing names is
# swept later (media-pipeline gc). Nothing may work meanwhile: with compose this stops what does, and starts it again.
# DATABASE_RUN and STORE_RUN are as in deploy/backup.sh.
set -eu
directory=${1:?"usage: deploy/restore.sh DIRECTORY"}
directory=$(cd "$directory" && pwd)
[ -f "$directory/finished" ] || { echo "$directory holds no finished backup" >&2; exit 1; }

database() { ${DATABASE_RUN:-docker compose exec -T -u postgres postgres env PGUSER=media} "$@"; }
objects() {
  if [ -n "${STORE_RUN:-}" ]; then
    $STORE_RUN media-pipeline objects "$1" "$directory/objects"
  else
    docker compose run --rm -T --no-deps --user "$(id -u):$(id -g)" --workdir /backup \
      -v "$directory/objects:/backup:ro" buckets media-pipeline objects "$1" /backup
  fi
}

if [ -z "${DATABASE_RUN:-}" ]; then
  docker compose stop gateway daemon operators webserver code
  docker compose up -d --wait postgres store
  docker compose run --rm -T --no-deps buckets media-pipeline buckets
fi
for name in "${CATALOGUE_DB:-catalogue}" "${DAGSTER_PG_DB:-dagster}"; do
  database dropdb --if-exists --force "$name"
  database createdb --encoding=UTF8 --template=template0 "$name"
  database pg_restore --no-owner --exit-on-error --dbname="$name" < "$directory/$name.dump"
done
objects load
if [ -z "${DATABASE_RUN:-}" ]; then
  docker compose up -d --wait
fi
echo "Restored to $(cat "$directory/finished")."
