"""From whatever the user gave to tables of texts and arrays."""
