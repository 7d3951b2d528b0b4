"""What the scripts in `ci/` do: Pulumi on one stack, and posts on GitHub and GitLab."""
