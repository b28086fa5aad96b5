"""The ingress controller."""

from components.ingress.arguments import IngressArgs
from components.ingress.controller import Ingress
from components.ingress.workload import CERTIFICATES, NAMESPACE, READS, command_line, deployment_spec, dynamic

__all__ = [
    "CERTIFICATES",
    "NAMESPACE",
    "READS",
    "Ingress",
    "IngressArgs",
    "command_line",
    "deployment_spec",
    "dynamic",
]
