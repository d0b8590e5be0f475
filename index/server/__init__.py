"""The parts that all servers share (REST, MCP, page): jobs, uploads, limits and the guard."""
