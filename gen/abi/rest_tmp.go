package main
func reference() []byte { return nil }
func goRecords() ([]byte, error) { return nil, nil }
func goLayoutTest() ([]byte, error) { return nil, nil }
func goCalls() ([]byte, error) { return nil, nil }
