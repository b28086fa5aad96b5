"""What runs: Traefik's configuration and its pods."""

from __future__ import annotations

import yaml

from components.ingress.arguments import IngressArgs

NAMESPACE = "ingress"
NAME = "traefik"
SELECTOR = {"app.kubernetes.io/name": NAME}
LABELS = {**SELECTOR, "app.kubernetes.io/part-of": "cairn"}
PORTS = {"web": (8000, 80), "websecure": (8443, 443)}
"""Entry point -> the port that it listens on without privileges, and the one that clients use."""
ADMIN_PORT = 8080
CERTIFICATES = "/certificates"
CONFIGURATION = "/etc/traefik/dynamic"
READS = [
    ("", ["services", "secrets", "nodes"]),
    ("discovery.k8s.io", ["endpointslices"]),
    ("networking.k8s.io", ["ingresses", "ingressclasses"]),
]
"""What Traefik's Ingress provider lists and watches, by API group."""


def command_line(args: IngressArgs) -> list[str]:
    """Traefik's static configuration."""
    # Argo CD calls an Ingress healthy when it has an address; only a load balancer knows one by itself.
    address = (
        f"publishedservice={NAMESPACE}/{NAME}" if args.service_type == "LoadBalancer" else f"hostname={args.domain}"
    )
    return [
        *(f"--entrypoints.{name}.address=:{listened}" for name, (listened, _) in PORTS.items()),
        f"--entrypoints.traefik.address=:{ADMIN_PORT}",
        # By its number: by its name, people would be sent to the unprivileged port.
        f"--entrypoints.web.http.redirections.entrypoint.to=:{PORTS['websecure'][1]}",
        "--entrypoints.websecure.http.tls=true",
        "--providers.kubernetesingress=true",
        f"--providers.kubernetesingress.ingressclass={args.class_name}",
        f"--providers.kubernetesingress.ingressendpoint.{address}",
        f"--providers.file.directory={CONFIGURATION}",
        "--ping=true",
        "--metrics.prometheus=true",
        "--log.format=json",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]


def dynamic() -> dict[str, str]:
    """The part of Traefik's configuration that it takes from files: its default certificate."""
    pair = {"certFile": f"{CERTIFICATES}/tls.crt", "keyFile": f"{CERTIFICATES}/tls.key"}
    return {"tls.yaml": yaml.safe_dump({"tls": {"stores": {"default": {"defaultCertificate": pair}}}})}


def deployment_spec(args: IngressArgs) -> dict[str, object]:
    """The Deployment's spec: no privileges beyond, in the sandbox, two ports of the node."""
    ports = [
        {"name": name, "container_port": listened, **({"host_port": used} if args.host_ports else {})}
        for name, (listened, used) in PORTS.items()
    ]
    probe: dict[str, object] = {"http_get": {"path": "/ping", "port": "admin"}, "timeout_seconds": 3}
    return {
        "replicas": args.replicas,
        "selector": {"match_labels": SELECTOR},
        # A node's port is free for the new pod only when the old one is gone.
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 0, "max_unavailable": 1}}
        if args.host_ports
        else {"type": "RollingUpdate"},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "service_account_name": NAME,
                "enable_service_links": False,
                "security_context": {
                    "run_as_non_root": True,
                    "run_as_user": 65532,
                    "run_as_group": 65532,
                    "fs_group": 65532,
                    "seccomp_profile": {"type": "RuntimeDefault"},
                },
                "topology_spread_constraints": [
                    {
                        "max_skew": 1,
                        "topology_key": "kubernetes.io/hostname",
                        "when_unsatisfiable": "ScheduleAnyway",
                        "label_selector": {"match_labels": SELECTOR},
                    }
                ],
                "containers": [
                    {
                        "name": NAME,
                        "image": args.image,
                        "args": command_line(args),
                        "ports": [*ports, {"name": "admin", "container_port": ADMIN_PORT}],
                        "startup_probe": {**probe, "period_seconds": 1, "failure_threshold": 60},
                        "readiness_probe": {**probe, "period_seconds": 5},
                        "liveness_probe": {**probe, "period_seconds": 10},
                        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}},
                        "security_context": {
                            "allow_privilege_escalation": False,
                            "read_only_root_filesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "volume_mounts": [
                            {"name": "certificate", "mount_path": CERTIFICATES, "read_only": True},
                            {"name": "configuration", "mount_path": CONFIGURATION, "read_only": True},
                        ],
                    }
                ],
                "volumes": [
                    {"name": "certificate", "secret": {"secret_name": "wildcard"}},
                    {"name": "configuration", "config_map": {"name": NAME}},
                ],
            },
        },
    }
