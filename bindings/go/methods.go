package reggie

// The methods of HTTP that registries know.
const (
	GET     = "GET"
	PUT     = "PUT"
	PATCH   = "PATCH"
	DELETE  = "DELETE"
	POST    = "POST"
	HEAD    = "HEAD"
	OPTIONS = "OPTIONS"
)
