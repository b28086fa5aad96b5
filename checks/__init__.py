"""What the platform promises, each promise proved on the running cluster from two sides."""
