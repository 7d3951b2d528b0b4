"""From a stack file, or from the engine's mapping, to settings that have no error."""
