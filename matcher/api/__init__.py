"""The HTTP face (HTTP 服务)."""
