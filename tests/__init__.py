"""System tests: programs that drive a running synap-server from outside."""
