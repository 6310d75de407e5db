"""HTTP and WebSocket, on the ports where everything else is spoken too."""
