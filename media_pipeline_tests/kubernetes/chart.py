"""What the Dagster chart makes of our values, as far as an instance and its launcher are concerned."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

DEPLOYED = Path(__file__).parent.parent.parent / "deploy" / "kubernetes"
RELEASE = "dagster"
Plain = dict[str, Any]
_TICKS = {"skipped": 7, "success": -1, "failure": -1, "started": -1}
"""the chart's own days, of what it does not hear from us"""


def values(overlay: str | None = None) -> Plain:
    """Our values, and those of an overlay on top, merged as Helm does."""
    found: Plain = yaml.safe_load((DEPLOYED / "values.yaml").read_text())
    if overlay:
        found = merged(found, yaml.safe_load((DEPLOYED / "overlays" / overlay / "values.yaml").read_text()))
    return found


def merged(onto: Mapping[str, Any], other: Mapping[str, Any]) -> Plain:
    made = deepcopy(dict(onto))
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = merged(made[key], value) if both else deepcopy(value)
    return made


def instance(of: Plain, *, namespace: str) -> Plain:
    """The dagster.yaml of the chart's config map."""
    daemon, logs = of["dagsterDaemon"], of["computeLogManager"]["config"]["s3ComputeLogManager"]
    coordinator = daemon["runCoordinator"]["config"]["customRunCoordinator"]
    monitoring, python_logs = daemon["runMonitoring"], of["pythonLogs"]
    return {
        "storage": {"postgres": {"postgres_db": _postgres(of["postgresql"])}},
        "run_launcher": {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": _launcher(of, namespace)},
        "run_coordinator": coordinator,
        "compute_logs": {
            "module": "dagster_aws.s3.compute_log_manager",
            "class": "S3ComputeLogManager",
            "config": {
                "bucket": logs["bucket"], "local_dir": logs["localDir"], "prefix": logs["prefix"],
                "skip_empty_files": logs["skipEmptyFiles"], "upload_interval": logs["uploadInterval"], "verify": True,
            },
        },
        "python_logs": {
            "python_log_level": python_logs["pythonLogLevel"],
            "managed_python_loggers": python_logs["managedPythonLoggers"],
        },
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": monitoring["startTimeoutSeconds"],
            "cancel_timeout_seconds": monitoring["cancelTimeoutSeconds"],
            "max_resume_run_attempts": monitoring["maxResumeRunAttempts"],
            "poll_interval_seconds": monitoring["pollIntervalSeconds"],
            "free_slots_after_run_end_seconds": monitoring["freeSlotsAfterRunEndSeconds"],
        },
        "sensors": {"use_threads": daemon["sensors"]["useThreads"], "num_workers": daemon["sensors"]["numWorkers"]},
        "telemetry": of["telemetry"],
        "schedules": {"use_threads": True, "num_workers": 4},  # the chart's own
        "scheduler": {"module": "dagster._core.scheduler", "class": "DagsterDaemonScheduler"},
        "retention": {
            "schedule": {"purge_after_days": of["retention"]["schedule"]["purgeAfterDays"]},
            "sensor": {"purge_after_days": of["retention"]["sensor"]["purgeAfterDays"]},
            "auto_materialize": {"purge_after_days": _TICKS},
        },
        **of["additionalInstanceConfig"],
    }  # fmt: skip


def _postgres(said: Plain) -> Plain:
    return {
        "username": said["postgresqlUsername"], "password": {"env": "DAGSTER_PG_PASSWORD"},
        "hostname": said["postgresqlHost"], "db_name": said["postgresqlDatabase"], "port": said["service"]["port"],
        "params": said["postgresqlParams"], "scheme": said["postgresqlScheme"],
    }  # fmt: skip


def _launcher(of: Plain, namespace: str) -> Plain:
    said = of["runLauncher"]["config"]["k8sRunLauncher"]
    return {
        "load_incluster_config": said["loadInclusterConfig"],
        "job_namespace": namespace,
        "image_pull_policy": said["imagePullPolicy"],
        "service_account_name": of["serviceAccount"]["name"],
        "dagster_home": of["global"]["dagsterHome"],
        "instance_config_map": f"{RELEASE}-instance",
        "postgres_password_secret": of["global"]["postgresqlSecretName"],
        "env_config_maps": [m["name"] for m in said["envConfigMaps"]],
        "env_secrets": [secret["name"] for secret in said["envSecrets"]],
        "volume_mounts": said["volumeMounts"],
        "volumes": said["volumes"],
        "labels": said["labels"],
        "resources": said["resources"],
        "run_k8s_config": {_snake(key): value for key, value in said["runK8sConfig"].items()},
    }  # fmt: skip


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
