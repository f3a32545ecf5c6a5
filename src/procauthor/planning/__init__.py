"""Reading an action plan: its items, their order, what comes next. Text stays where it is; only ticks change."""
