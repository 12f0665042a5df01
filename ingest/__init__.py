"""All that touches a plant: wire protocol, gateway, client, connectors and simulated plants."""
