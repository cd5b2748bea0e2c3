"""Labels by people: how they are made, where their posts are found, and what was learnt from them is written down."""
