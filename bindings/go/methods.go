package reggie

// HTTP methods.
const (
	GET     = "GET"
	PUT     = "PUT"
	PATCH   = "PATCH"
	DELETE  = "DELETE"
	POST    = "POST"
	HEAD    = "HEAD"
	OPTIONS = "OPTIONS"
)
