"""The probes of JAX: none yet; its entry declares them as gaps."""
