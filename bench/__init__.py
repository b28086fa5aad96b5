"""Numbers of this sandbox, measured on this machine: `make bench`."""
