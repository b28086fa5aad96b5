"""The platform's capabilities: one Pulumi ComponentResource a module, named by its product."""
