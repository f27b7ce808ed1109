"""What the house does about a call: routing, policy, names, homes, timers, and the sentence that tells of it."""
