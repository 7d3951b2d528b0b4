"""The plan of a stack file, without a cluster, without credentials and without Pulumi's SDKs."""
