"""Why did it fire, why did it not: from the topics or from a backtest's folder, in plain words."""
