"""The probes of Keras on torch: none yet; its entry declares them as gaps."""
