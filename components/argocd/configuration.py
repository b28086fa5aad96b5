"""What Argo CD is told beyond upstream's defaults."""

from __future__ import annotations

from pathlib import Path

HEALTH = Path(__file__).parent / "health"
"""A Lua script for each kind whose health Argo CD does not know, named `<group>_<Kind>.lua`."""


def general(url: str, reconciliation: int) -> dict[str, str]:
    """Keys of argocd-cm. `reconciliation`: seconds between looks at Git."""
    return {
        "url": url,
        "timeout.reconciliation": f"{reconciliation}s",
        # Upstream's spread of a minute is for thousands of Applications.
        "timeout.reconciliation.jitter": f"{reconciliation // 6}s",
        **health_checks(),
    }


def health_checks(folder: Path = HEALTH) -> dict[str, str]:
    """Keys of argocd-cm that tell the health of custom resources."""
    return {
        f"resource.customizations.health.{script.stem}": script.read_text() for script in sorted(folder.glob("*.lua"))
    }


PARAMETERS = {
    # TLS ends at the ingress, which is the only way in from outside the cluster.
    "server.insecure": "true",
}
"""Keys of argocd-cmd-params-cm, which the parts read when they start."""
