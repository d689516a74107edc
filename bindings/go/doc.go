// Package reggie is a client for OCI registries, with the interface of the
// package of that name by Blood Orange, on top of libreggie.
//
// A client is made from an address and options, a request from a method and a
// path that is written as in the specification, and [Client.Do] sends it and
// answers the registry's challenge:
//
//	client, err := reggie.NewClient("https://registry.example",
//		reggie.WithUsernamePassword("me", "secret"))
//	...
//	req := client.NewRequest(reggie.GET, "/v2/<name>/tags/list",
//		reggie.WithName("myorg/myrepo"))
//	resp, err := client.Do(req)
//	fmt.Println(resp.StatusCode(), resp.String())
//
// The methods of Resty 2.7 that programs call on clients, requests and
// responses are here as well; the README tells of each.
//
// # Goroutines
//
// A client is for any number of goroutines. Its settings, and the fields of its
// Config, are for those who set it up: a change is noticed by the next call, and
// must not happen at the same time as one. A request is for one goroutine at a
// time. Functions of the program, such as retry callbacks and redirect
// policies, run on the goroutine that called [Client.Do]; so a panic of theirs
// is a panic there.
//
// # Contexts
//
// [Request.SetContext] bounds a call. It then ends at once, whatever it waits
// for, with an error that [errors.Is] finds [context.Canceled] or
// [context.DeadlineExceeded] in.
package reggie
