"""The shared noun: Customer → Campaign → AdGroup → Ad → Asset, keywords, the edges between them, daily statistics."""
