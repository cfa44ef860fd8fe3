"""What people do with rules and events outside the stream: check, test, validate, generate, replay."""
