"""Other mouths of the document and other looks of the graph: YAML, SVG, PNG, HTML."""
