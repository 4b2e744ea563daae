"""Virtual participants, and the rehearsal of a trial with them through the same door as real use."""
