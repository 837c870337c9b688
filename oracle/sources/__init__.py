"""Where interval readings come from when no live meter is attached: files of any layout, and a simulated plant."""
