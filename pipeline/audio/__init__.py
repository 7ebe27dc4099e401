"""From a file to channels and speech turns."""
