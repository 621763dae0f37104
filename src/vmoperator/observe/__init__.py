"""What the live objects say: facts about them, and the status that follows; pure."""
