"""The probes of Keras on JAX: none yet; its entry declares them as gaps."""
