package crash_test

func send(c *child) error { return nil }
func work(c *child) error { return nil }
