"""The Kubernetes node: containerd, the kubelet and the control plane on this machine, and its removal."""
