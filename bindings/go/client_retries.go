package reggie

import "time"

// SetRetryCount sets the maximum number of retries of a request. The default is
// 0.
func (c *Client) SetRetryCount(count int) *Client {
	c.RetryCount = count
	return c
}

// SetRetryWaitTime sets the delay before the first retry. The default is 100 ms.
func (c *Client) SetRetryWaitTime(waitTime time.Duration) *Client {
	c.RetryWaitTime = waitTime
	return c
}

// SetRetryMaxWaitTime sets the maximum delay before a retry. The default is 2 s.
func (c *Client) SetRetryMaxWaitTime(maxWaitTime time.Duration) *Client {
	c.RetryMaxWaitTime = maxWaitTime
	return c
}

// SetRetryAfter sets a function that determines the delay before a retry.
func (c *Client) SetRetryAfter(callback RetryAfterFunc) *Client {
	c.RetryAfter = callback
	return c
}

// AddRetryCondition adds a condition for retries. Without conditions, requests
// that failed without a response are retried.
func (c *Client) AddRetryCondition(condition RetryConditionFunc) *Client {
	c.RetryConditions = append(c.RetryConditions, condition)
	return c
}

// AddRetryAfterErrorCondition retries after every 4xx and 5xx response.
func (c *Client) AddRetryAfterErrorCondition() *Client {
	return c.AddRetryCondition(func(response *Response, _ error) bool {
		return response.IsError()
	})
}

// AddRetryHook adds a function that is called before each retry.
func (c *Client) AddRetryHook(hook OnRetryFunc) *Client {
	c.RetryHooks = append(c.RetryHooks, hook)
	return c
}
