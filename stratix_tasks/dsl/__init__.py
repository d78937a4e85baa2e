"""The language: `@task` and `@flow`, references, and what stands between them. Tracing a flow yields a FlowSpec."""
