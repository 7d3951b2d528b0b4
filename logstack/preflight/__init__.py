"""What is asked before anything is registered: the kubeconfig, the API server, the AWS account, the applied state."""
