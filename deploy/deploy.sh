#!/bin/sh
# One published version into the cluster that kubectl means, as docs/kubernetes.md has it: tables first, then everything else.
#
#   OVERLAY=production IMAGES=registry/prefix/ TAG=0.1.0 CHART=dagster/dagster deploy/deploy.sh
set -eu
cd "$(dirname "$0")/.."
: "${OVERLAY:?names the environment: a directory of deploy/kubernetes/overlays}" "${TAG:?}" "${CHART:?is the chart of Dagster}"
namespace=${NAMESPACE:-media-pipeline}
overlay=deploy/kubernetes/overlays/$OVERLAY

manifests() {
  kubectl kustomize "$overlay" |
    sed -E "s#\bmedia-pipeline-(gateway|code-server):[A-Za-z0-9._-]+#${IMAGES:-}media-pipeline-\1:$TAG#"
}

kubectl delete job media-pipeline-migrate -n "$namespace" --ignore-not-found
manifests | kubectl apply -f -
kubectl wait --for=condition=complete job/media-pipeline-migrate -n "$namespace" --timeout=15m
helm upgrade --install dagster "$CHART" --version "${CHART_VERSION:-1.13.27}" --namespace "$namespace" --wait --timeout 15m \
  -f deploy/kubernetes/values.yaml -f "$overlay/values.yaml" \
  --set-string "dagsterDaemon.image.repository=${IMAGES:-}media-pipeline-dagster,dagsterDaemon.image.tag=$TAG" \
  --set-string "dagsterWebserver.image.repository=${IMAGES:-}media-pipeline-dagster,dagsterWebserver.image.tag=$TAG" \
  --set-string "dagster-user-deployments.deployments[0].image.repository=${IMAGES:-}media-pipeline-code-server" \
  --set-string "dagster-user-deployments.deployments[0].image.tag=$TAG"
kubectl rollout status deployment/media-pipeline-gateway -n "$namespace" --timeout=5m
