"""Long work: the ledger of jobs (also the outbox), the engine that runs them once, progress and its event stream."""
