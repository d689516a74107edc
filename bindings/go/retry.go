package reggie

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// Functions of the program's about sends that are repeated.
type (
	// RetryConditionFunc tells whether a request is sent again. The response
	// may be nil.
	RetryConditionFunc func(*Response, error) bool
	// OnRetryFunc hears of each send that is to be repeated.
	OnRetryFunc func(*Response, error)
	// RetryAfterFunc says how long to wait; 0 = as unless set. An error ends
	// the call.
	RetryAfterFunc func(*Client, *Response) (time.Duration, error)
)

// patiently sends, and again as Resty's settings of retries have it.
func (r *Request) patiently(send func() (*Response, error)) (response *Response, err error) {
	c := r.client
	conditions := append(append([]RetryConditionFunc{}, r.conditions...), c.RetryConditions...)
	returned := false
	defer func() {
		if !returned && response != nil {
			// A function of the program did not return.
			response.discard()
		}
	}()
	for again := 0; ; again++ {
		r.Attempt = again + 1
		response, err = send()
		if c.RetryCount == 0 || r.Context().Err() != nil {
			returned = true
			return response, err
		}
		if err != nil {
			c.settings.log.Errorf("%v, Attempt %v", err, r.Attempt)
		}
		repeat := err != nil && !isFinal(err)
		for _, condition := range conditions {
			if repeat = condition(response, unwrapFinal(err)); repeat {
				break
			}
		}
		if !repeat {
			returned = true
			return response, err
		}
		for _, hook := range c.RetryHooks {
			hook(response, unwrapFinal(err))
		}
		if again == c.RetryCount {
			returned = true
			return response, err
		}
		wait, failed := c.pause(response, again)
		if failed != nil {
			if err == nil {
				err = failed
			}
			returned = true
			return response, err
		}
		if ended := sleep(r.Context(), wait); ended != nil {
			returned = true
			return response, ended
		}
		if response != nil {
			response.discard()
		}
	}
}

// pause is how long to wait before another send.
func (c *Client) pause(response *Response, again int) (time.Duration, error) {
	least, most := c.RetryWaitTime, c.RetryMaxWaitTime
	if most < 0 {
		most = math.MaxInt32
	}
	if c.RetryAfter != nil && response != nil {
		wait, err := c.RetryAfter(c, response)
		if err != nil {
			return 0, err
		}
		if wait < 0 || wait > most {
			wait = most
		}
		if wait != 0 {
			return max(wait, least), nil
		}
	}
	// Half of it stays, the other half is left to chance.
	grown := time.Duration(math.Min(float64(most), float64(least)*math.Exp2(float64(again))))
	half := grown / 2
	if half > 0 {
		half += rand.N(half)
	}
	return max(half, least), nil
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// final marks an error that another send cannot mend.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

func isFinal(err error) bool {
	_, ok := err.(final)
	return ok
}

func unwrapFinal(err error) error {
	if marked, ok := err.(final); ok {
		return marked.error
	}
	return err
}
