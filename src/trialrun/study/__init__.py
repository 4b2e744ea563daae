"""The study definition: model, loader, checks, schedule, screening. Knows the definition, not who asks."""
