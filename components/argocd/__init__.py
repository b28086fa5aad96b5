"""Argo CD: the engine, and the one Application that everything else hangs on."""

from components.argocd.engine import ArgoCd, ArgoCdArgs
from components.argocd.root import Root, RootArgs

__all__ = ["ArgoCd", "ArgoCdArgs", "Root", "RootArgs"]
