"""Stand-ins for the Pulumi plugins that a machine without downloads cannot have; installed as ordinary plugins."""
