"""The words of the wire: events that come in, records that go out. Knows no policy, no state, no Kafka."""
