"""The sandbox: a Kubernetes node on this machine, made of what package registries have, and the program run on it."""
