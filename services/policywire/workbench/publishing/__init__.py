"""Publishing: by whose leave, the history of what was published, and the way back. Knows Kafka only through stream/."""
