"""Checks before Pulumi registers anything: the kubeconfig, the API server, the AWS account, the applied state."""
