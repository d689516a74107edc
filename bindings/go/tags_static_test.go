//go:build reggie_static

package reggie

func buildTags() []string { return []string{"-tags", "reggie_static"} }
