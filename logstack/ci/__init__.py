"""The code of the scripts in `ci/`: Pulumi on one stack, and posts on GitHub and GitLab."""
