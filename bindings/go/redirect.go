package reggie

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"libreggie/reggie/internal/cabi"
)

// A RedirectPolicy decides whether a redirect is followed: an error ends the call.
// req is the next request, and via holds the requests that were sent, oldest
// first.
type RedirectPolicy interface {
	Apply(req *http.Request, via []*http.Request) error
}

// A RedirectPolicyFunc is a function that implements [RedirectPolicy].
type RedirectPolicyFunc func(*http.Request, []*http.Request) error

// Apply calls f.
func (f RedirectPolicyFunc) Apply(req *http.Request, via []*http.Request) error {
	return f(req, via)
}

var errRedirect = errors.New("auto redirect is disabled")

// NoRedirectPolicy returns a policy that makes each redirect an error.
func NoRedirectPolicy() RedirectPolicy {
	return RedirectPolicyFunc(func(*http.Request, []*http.Request) error { return errRedirect })
}

type flexible int

func (f flexible) Apply(_ *http.Request, via []*http.Request) error {
	if len(via) >= int(f) {
		return fmt.Errorf("stopped after %d redirects", int(f))
	}
	return nil
}

// FlexibleRedirectPolicy returns a policy that allows noOfRedirect requests,
// including the first: it follows noOfRedirect-1 redirects.
func FlexibleRedirectPolicy(noOfRedirect int) RedirectPolicy { return flexible(noOfRedirect) }

// DomainCheckRedirectPolicy returns a policy that follows redirects only to these
// hosts.
func DomainCheckRedirectPolicy(hostnames ...string) RedirectPolicy {
	allowed := map[string]bool{}
	for _, name := range hostnames {
		allowed[strings.ToLower(name)] = true
	}
	return RedirectPolicyFunc(func(req *http.Request, _ []*http.Request) error {
		if !allowed[strings.ToLower(req.URL.Hostname())] && !allowed[strings.ToLower(req.URL.Host)] {
			return errors.New("redirect is not allowed as per DomainCheckRedirectPolicy")
		}
		return nil
	})
}

// maxRedirects is the limit passed to the library if the program's policies decide.
const maxRedirects = 1000

// redirects holds the redirect policies of a client.
type redirects struct {
	// policies is empty if limit expresses all of them.
	policies []RedirectPolicy
	// limit is the maximum number of redirects; 0 means the default.
	limit int
}

func redirectsOf(policies []any) redirects {
	result := redirects{limit: maxRedirects}
	onlyLimits := true
	for _, policy := range policies {
		if policy, ok := policy.(RedirectPolicy); ok {
			result.policies = append(result.policies, policy)
			limit, ok := policy.(flexible)
			// A limit of 1 follows no redirect, which is an error: it needs
			// the callback.
			onlyLimits = onlyLimits && ok && limit > 1
			result.limit = min(result.limit, max(int(limit)-1, 1))
		}
	}
	if onlyLimits {
		result.policies = nil
	} else {
		result.limit = maxRedirects
	}
	return result
}

func (r *redirects) hasPolicies() bool { return len(r.policies) > 0 }

// set applies the policies to a config of the library.
func (r *redirects) set(config *cabi.Config) error {
	if r.limit == 0 {
		return nil
	}
	if err := config.SetMaxRedirects(r.limit); err != nil {
		return err
	}
	if !r.hasPolicies() {
		return nil
	}
	return config.SetRedirectCallback(func(call *cabi.Call, redirect *cabi.Redirect) (bool, int) {
		if err := r.apply(call, redirect); err != nil {
			call.Fail(err)
			return false, 1
		}
		return true, 0
	})
}

func (r *redirects) apply(call *cabi.Call, redirect *cabi.Redirect) error {
	next, err := http.NewRequest(redirect.Method, redirect.To, nil)
	if err != nil {
		return err
	}
	from, err := http.NewRequest(redirect.Method, redirect.From, nil)
	if err != nil {
		return err
	}
	next.Response = &http.Response{
		StatusCode: redirect.Status,
		Status:     statusLine(redirect.Status),
		Header:     headerOf(redirect.Headers),
		Request:    from,
	}
	if redirect.Hop == 1 {
		call.Via = nil
	}
	call.Via = append(call.Via, from)
	for _, policy := range r.policies {
		if err := policy.Apply(next, call.Via); err != nil {
			return err
		}
	}
	return nil
}
