"""What a post says: sentiment, language, terms, who speaks and about what, and learning from people."""
