package reggie

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"libreggie/reggie/internal/cabi"
)

// A RedirectPolicy decides about a redirect: an error ends the call. The request
// is the one that would be sent, and those in via are what was sent, the oldest
// first.
type RedirectPolicy interface {
	Apply(req *http.Request, via []*http.Request) error
}

// RedirectPolicyFunc is a policy that is a function.
type RedirectPolicyFunc func(*http.Request, []*http.Request) error

// Apply calls the function.
func (f RedirectPolicyFunc) Apply(req *http.Request, via []*http.Request) error {
	return f(req, via)
}

var errRedirect = errors.New("auto redirect is disabled")

// NoRedirectPolicy makes each redirect an error.
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

// FlexibleRedirectPolicy sends so many requests, the first one among them: it
// follows one redirect less.
func FlexibleRedirectPolicy(noOfRedirect int) RedirectPolicy { return flexible(noOfRedirect) }

// DomainCheckRedirectPolicy follows redirects to these hosts alone.
func DomainCheckRedirectPolicy(hostnames ...string) RedirectPolicy {
	known := map[string]bool{}
	for _, name := range hostnames {
		known[strings.ToLower(name)] = true
	}
	return RedirectPolicyFunc(func(req *http.Request, _ []*http.Request) error {
		if !known[strings.ToLower(req.URL.Hostname())] && !known[strings.ToLower(req.URL.Host)] {
			return errors.New("redirect is not allowed as per DomainCheckRedirectPolicy")
		}
		return nil
	})
}

// mostRedirects is what the library is told where a policy counts.
const mostRedirects = 1000

// redirects are the policies of a client.
type redirects struct {
	policies []RedirectPolicy
	// How many are followed, where that is all that the policies say; 0 where
	// nothing was set.
	most int
}

func redirectsOf(policies []any) redirects {
	found := redirects{most: mostRedirects}
	counts := true
	for _, policy := range policies {
		if policy, ok := policy.(RedirectPolicy); ok {
			found.policies = append(found.policies, policy)
			limit, ok := policy.(flexible)
			// The first request counts too: a limit of one follows none.
			counts = counts && ok && limit > 1
			found.most = min(found.most, max(int(limit)-1, 1))
		}
	}
	if counts {
		found.policies = nil
	} else {
		found.most = mostRedirects
	}
	return found
}

// asks tells whether functions of the program decide.
func (r *redirects) asks() bool { return len(r.policies) > 0 }

func (r *redirects) engine(config *cabi.Config) error {
	if r.most == 0 {
		return nil
	}
	if err := config.SetMaxRedirects(r.most); err != nil {
		return err
	}
	if !r.asks() {
		return nil
	}
	return config.SetRedirectCallback(func(call *cabi.Call, step *cabi.Redirect) (bool, int) {
		if err := r.apply(call, step); err != nil {
			call.Fail(err)
			return false, 1
		}
		return true, 0
	})
}

func (r *redirects) apply(call *cabi.Call, step *cabi.Redirect) error {
	next, err := http.NewRequest(step.Method, step.To, nil)
	if err != nil {
		return err
	}
	from, err := http.NewRequest(step.Method, step.From, nil)
	if err != nil {
		return err
	}
	next.Response = &http.Response{
		StatusCode: step.Status,
		Status:     statusLine(step.Status),
		Header:     headerOf(step.Headers),
		Request:    from,
	}
	if step.Hop == 1 {
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
