"""What serving takes whatever the dialect: websockets, subscriptions, requests that go astray."""
