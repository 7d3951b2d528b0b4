"""The plan: what a stack file comes to, said without a cluster, without credentials and without Pulumi's SDKs."""
