"""The hand-over: what Pulumi gives to Git, from where the GitOps engine takes it on."""

from components.handover.component import HandOver, HandOverArgs
from components.handover.places import ExternalGit, InternalGit

__all__ = ["ExternalGit", "HandOver", "HandOverArgs", "InternalGit"]
