"""The library over the Model Context Protocol: read, check, propose; decide only where that is allowed."""
