"""What a stack passes on to Loki, Alloy and their charts: which keys these have, and which of them logstack owns."""
