"""Looking into the wake word: what woke it and what nearly did, a live meter, a threshold for this room, recall."""
