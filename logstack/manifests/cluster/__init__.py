"""The cluster: provider, namespace, and the refusal of the wrong one."""
