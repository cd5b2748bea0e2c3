"""The pure core of `notify`: incidents as a fold over the journal."""
