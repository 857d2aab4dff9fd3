#!/bin/sh
# One published version into the cluster that kubectl means, as docs/kubernetes.md has it: tables first, then everything else.
#
#   OVERLAY=production IMAGES=registry/prefix/ TAG=0.1.0 CHART=dagster CHART_REPO=https://… deploy/deploy.sh
#
# DOWN_TO is of the way back: the older release's newest revision, to which the release that runs takes the tables first.
set -eu
cd "$(dirname "$0")/.."
: "${OVERLAY:?names the environment: a directory of deploy/kubernetes/overlays}" "${TAG:?}" "${CHART:?is the chart of Dagster}"
: "${IMAGES?is the prefix of the images, or empty}"
namespace=${NAMESPACE:-media-pipeline}
overlay=deploy/kubernetes/overlays/$OVERLAY
in_namespace() { kubectl -n "$namespace" "$@"; }

manifests() {
  kubectl kustomize "$overlay" |
    sed -E "s#(image|value): [^ ]*\bmedia-pipeline-(gateway|code-server)[:@][A-Za-z0-9:._-]+#\1: ${IMAGES}media-pipeline-\2:$TAG#"
}

# Whether the tables are up to date; a migration that cannot be done is told of at once.
migrated() {
  until
    ended=$(in_namespace get job media-pipeline-migrate \
      -o 'jsonpath={.status.conditions[?(@.type=="Complete")].type}{.status.conditions[?(@.type=="Failed")].type}')
    [ -n "$ended" ]
  do sleep 2; done
  [ "$ended" = Complete ] || { in_namespace logs job/media-pipeline-migrate --tail 20 >&2; return 1; }
}

[ -z "${DOWN_TO:-}" ] || in_namespace exec deployment/media-pipeline-gateway -- media-pipeline migrate --to "$DOWN_TO"
in_namespace delete job media-pipeline-migrate --ignore-not-found
manifests | kubectl apply -l 'app.kubernetes.io/component notin (gateway, metrics)' -f -
migrated
manifests | kubectl apply -f -
helm upgrade --install dagster "$CHART" ${CHART_REPO:+--repo "$CHART_REPO"} --version "${CHART_VERSION:-1.13.27}" \
  --namespace "$namespace" --wait --timeout 15m \
  -f deploy/kubernetes/values.yaml -f "$overlay/values.yaml" \
  --set-string "dagsterDaemon.image.repository=${IMAGES}media-pipeline-dagster,dagsterDaemon.image.tag=$TAG" \
  --set-string "dagsterWebserver.image.repository=${IMAGES}media-pipeline-dagster,dagsterWebserver.image.tag=$TAG" \
  --set-string "dagster-user-deployments.deployments[0].image.repository=${IMAGES}media-pipeline-code-server" \
  --set-string "dagster-user-deployments.deployments[0].image.tag=$TAG"
in_namespace exec deployment/dagster-daemon -- dagster instance migrate
in_namespace rollout status deployment/media-pipeline-gateway --timeout=5m
