"""Which changes cannot be made to an object that exists: the official provider's list, for the kinds served today."""

from __future__ import annotations

import re
from typing import Final

from sandbox.plugins.kubernetes.values import Tree

IDENTITY: Final = ("metadata.name", "metadata.namespace")

_CONTAINER = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext "
    "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
)
_POD = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork "
    "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName "
    "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName "
    "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
)
_VOLUME = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs "
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
)

IMMUTABLE: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("", "PersistentVolume"): tuple(f"spec.{field}" for field in _VOLUME.split()),
    ("", "PersistentVolumeClaim"): ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    ("", "Pod"): (
        *(f"spec.{field}" for field in _POD.split()),
        *(f"spec.{kind}[].{field}" for kind in ("containers", "initContainers") for field in _CONTAINER.split()),
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}


def forces_replacement(
    path: str, inputs: Tree, *, patch: bool, mutable_config_maps: bool, mutable_secrets: bool
) -> bool:
    """Whether a change at this path (`spec.selector.matchLabels.app`) needs a new object."""
    fields: tuple[str, ...] = IDENTITY
    if not patch:
        api_version, kind = str(inputs.get("apiVersion")), str(inputs.get("kind"))
        group = api_version.rpartition("/")[0].removeprefix("core")
        fields = (*IDENTITY, *IMMUTABLE.get((group, kind), ()))
        sealed = inputs.get("immutable") is True
        if not group and kind == "ConfigMap" and (sealed or not mutable_config_maps):
            fields = (*fields, "data", "binaryData")
        if not group and kind == "Secret" and (sealed or not mutable_secrets):
            fields = (*fields, "data", "stringData")
    general = re.sub(r"\[\d+\]", "[]", path)
    # A change of the whole (`spec` disappears) changes the part too.
    return any(
        general == field or general.startswith((f"{field}.", f"{field}[")) or field.startswith(f"{general}.")
        for field in fields
    )
