"""A cluster of one node on this machine: the API server, the kubelet, and the manifests' accounts."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kubernetes.config import incluster_config  # type: ignore[import-untyped,unused-ignore]

from media_pipeline_tests.kubernetes.api import Api, serving
from media_pipeline_tests.kubernetes.chart import DEPLOYED
from media_pipeline_tests.kubernetes.kubelet import Kubelet
from media_pipeline_tests.kubernetes.objects import Object, Objects
from media_pipeline_tests.kubernetes.rights import Rights

NAMESPACE = "media-pipeline"
HOST = "127.0.0.1"


@dataclass
class Cluster:
    objects: Objects
    api: Api
    kubelet: Kubelet
    tokens: Path

    @contextmanager
    def account(self, name: str) -> Iterator[None]:
        """Whoever meets Kubernetes for the first time inside has the token of this account."""
        with pytest.MonkeyPatch.context() as here:
            here.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(self.tokens / name / "token"))
            here.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(self.tokens / name / "ca.crt"))
            yield

    def pods_of(self, step: str) -> list[Object]:
        """Of the step of any run, in the order of their making, those that are gone too."""
        return [p for p in self.objects.seen if p["metadata"]["labels"].get("dagster/op") == step]

    def there(self, run_id: str) -> dict[str, Object]:
        """The pods of a run and its steps that are still there, `run` that of the run itself."""
        labelled = [(p["metadata"]["labels"], p) for p in list(self.objects.pods.values())]
        return {of.get("dagster/op", "run"): pod for of, pod in labelled if of["dagster/run-id"] == run_id}

    def lose(self, pod: Object) -> None:
        """Its node is gone, and with it all that was to be known of the pod."""
        name = pod["metadata"]["name"]
        self.kubelet.kill(name)
        self.objects.gone(name)

    def forget(self, pod: Object) -> None:
        """Somebody deletes the pod by force, and its job."""
        job = pod["metadata"]["labels"]["job-name"]
        with self.objects.lock:
            self.objects.jobs.pop(job, None)
        self.lose(pod)


def scratch(pod: Object) -> str | None:
    """How much scratch space a pod has."""
    found = [v["emptyDir"]["sizeLimit"] for v in pod["spec"]["volumes"] if v["name"] == "scratch"]
    return found[0] if found else None


@contextmanager
def cluster(home: Path, given: Mapping[str, Mapping[str, str]], files: tuple[Path, ...] = ()) -> Iterator[Cluster]:
    """A cluster below an empty directory, that holds these config maps and secrets."""
    manifests = [m for m in yaml.safe_load_all((DEPLOYED / "base" / "rbac.yaml").read_text()) if m]
    accounts = [m["metadata"]["name"] for m in manifests if m["kind"] == "ServiceAccount"]
    (home / "pods").mkdir(parents=True)
    certificate, context = _certificate(home)
    tokens = home / "tokens"
    for account in accounts:
        (tokens / account).mkdir(parents=True)
        (tokens / account / "token").write_text(account)
        (tokens / account / "namespace").write_text(NAMESPACE)
        (tokens / account / "ca.crt").write_bytes(certificate)
    objects = Objects(NAMESPACE)
    kubelet = Kubelet(objects, home / "pods", given, {}, tokens, files)
    api = Api(objects, Rights(manifests), kubelet.log)
    objects.run, objects.end = kubelet.run, kubelet.end
    with serving(api, context) as port:
        kubelet.api = {"KUBERNETES_SERVICE_HOST": HOST, "KUBERNETES_SERVICE_PORT": str(port)}
        try:
            yield Cluster(objects, api, kubelet, tokens)
        finally:
            kubelet.close()


def _certificate(home: Path) -> tuple[bytes, ssl.SSLContext]:
    """Of the API server, by itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made: Any = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1),
                                now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (home / "server.pem").write_bytes(secret + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home / "server.pem")
    return certificate, context
