package reggie

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// Functions that control retries.
type (
	// A RetryConditionFunc reports whether a request is sent again. The
	// response may be nil.
	RetryConditionFunc func(*Response, error) bool
	// An OnRetryFunc is called before each retry.
	OnRetryFunc func(*Response, error)
	// A RetryAfterFunc returns how long to wait before a retry; 0 means the
	// default. An error ends the call.
	RetryAfterFunc func(*Client, *Response) (time.Duration, error)
)

// withRetries calls send, and calls it again as Resty's retry settings say.
func (r *Request) withRetries(send func() (*Response, error)) (response *Response, err error) {
	c := r.client
	conditions := append(append([]RetryConditionFunc{}, r.conditions...), c.RetryConditions...)
	returned := false
	defer func() {
		if !returned && response != nil {
			// A function of the program panicked or called runtime.Goexit.
			response.discard()
		}
	}()
	for retries := 0; ; retries++ {
		r.Attempt = retries + 1
		response, err = send()
		if c.RetryCount == 0 || r.Context().Err() != nil {
			returned = true
			return response, err
		}
		if err != nil {
			c.settings.log.Errorf("%v, Attempt %v", err, r.Attempt)
		}
		again := err != nil && !isPermanent(err)
		for _, condition := range conditions {
			if again = condition(response, unwrapPermanent(err)); again {
				break
			}
		}
		if !again {
			returned = true
			return response, err
		}
		for _, hook := range c.RetryHooks {
			hook(response, unwrapPermanent(err))
		}
		if retries == c.RetryCount {
			returned = true
			return response, err
		}
		delay, delayErr := c.retryDelay(response, retries)
		if delayErr != nil {
			if err == nil {
				err = delayErr
			}
			returned = true
			return response, err
		}
		if ctxErr := sleep(r.Context(), delay); ctxErr != nil {
			returned = true
			return response, ctxErr
		}
		if response != nil {
			response.discard()
		}
	}
}

// retryDelay returns how long to wait before the next retry.
func (c *Client) retryDelay(response *Response, retries int) (time.Duration, error) {
	minDelay, maxDelay := c.RetryWaitTime, c.RetryMaxWaitTime
	if maxDelay < 0 {
		maxDelay = math.MaxInt32
	}
	if c.RetryAfter != nil && response != nil {
		delay, err := c.RetryAfter(c, response)
		if err != nil {
			return 0, err
		}
		if delay < 0 || delay > maxDelay {
			delay = maxDelay
		}
		if delay != 0 {
			return max(delay, minDelay), nil
		}
	}
	// Exponential backoff, half of it random.
	grown := time.Duration(math.Min(float64(maxDelay), float64(minDelay)*math.Exp2(float64(retries))))
	half := grown / 2
	if half > 0 {
		half += rand.N(half)
	}
	return max(half, minDelay), nil
}

func sleep(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A permanentError wraps an error that is not retried by default.
type permanentError struct{ error }

func (p permanentError) Unwrap() error { return p.error }

func isPermanent(err error) bool {
	_, ok := err.(permanentError)
	return ok
}

func unwrapPermanent(err error) error {
	if permanent, ok := err.(permanentError); ok {
		return permanent.error
	}
	return err
}
