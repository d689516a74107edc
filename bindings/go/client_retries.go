package reggie

import "time"

// SetRetryCount sets how often a request is sent again.
func (c *Client) SetRetryCount(count int) *Client {
	c.RetryCount = count
	return c
}

// SetRetryWaitTime sets the first pause.
func (c *Client) SetRetryWaitTime(waitTime time.Duration) *Client {
	c.RetryWaitTime = waitTime
	return c
}

// SetRetryMaxWaitTime sets the longest pause.
func (c *Client) SetRetryMaxWaitTime(maxWaitTime time.Duration) *Client {
	c.RetryMaxWaitTime = maxWaitTime
	return c
}

// SetRetryAfter sets what says how long to wait.
func (c *Client) SetRetryAfter(callback RetryAfterFunc) *Client {
	c.RetryAfter = callback
	return c
}

// AddRetryCondition adds a reason to send again.
func (c *Client) AddRetryCondition(condition RetryConditionFunc) *Client {
	c.RetryConditions = append(c.RetryConditions, condition)
	return c
}

// AddRetryAfterErrorCondition sends again after each 4xx and 5xx.
func (c *Client) AddRetryAfterErrorCondition() *Client {
	return c.AddRetryCondition(func(response *Response, _ error) bool {
		return response.IsError()
	})
}

// AddRetryHook adds a function that hears of each send that is to be repeated.
func (c *Client) AddRetryHook(hook OnRetryFunc) *Client {
	c.RetryHooks = append(c.RetryHooks, hook)
	return c
}
