"""The deployment as data: pure builders, which never import Pulumi and know everything at preview."""
