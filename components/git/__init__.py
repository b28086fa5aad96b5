"""The Git server in the cluster."""

from components.git.arguments import GitArgs
from components.git.server import Git
from components.git.workload import ADMINISTRATOR, NAMESPACE, PORT, configuration

__all__ = ["ADMINISTRATOR", "NAMESPACE", "PORT", "Git", "GitArgs", "configuration"]
