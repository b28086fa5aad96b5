"""A Kubernetes resource provider for Pulumi, for machines that cannot download the official one."""
