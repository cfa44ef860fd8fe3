"""Pure: what is remembered of a member, and the alerts that follow from it. Knows no Kafka, no clock."""
