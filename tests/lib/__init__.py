"""What the system tests share: server processes, a strict RESP client, process facts."""
