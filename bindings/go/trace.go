package reggie

import (
	"net"
	"net/netip"
	"net/url"
	"time"

	"libreggie/reggie/internal/cabi"
)

// TraceInfo is how long the steps of a request took, with EnableTrace.
type TraceInfo struct {
	DNSLookup time.Duration
	// ConnTime is until there was a connection.
	ConnTime    time.Duration
	TCPConnTime time.Duration
	// TLSHandshake is 0 where there was none.
	TLSHandshake time.Duration
	// ServerTime is from the request's last byte to the first of the answer.
	ServerTime time.Duration
	// ResponseTime is from there to the end.
	ResponseTime time.Duration
	TotalTime    time.Duration
	IsConnReused bool
	// IsConnWasIdle tells whether it was kept for others before.
	IsConnWasIdle bool
	// ConnIdleTime is not known, and 0.
	ConnIdleTime   time.Duration
	RequestAttempt int
	// RemoteAddr is whom the connection is with, a proxy where there is one.
	RemoteAddr net.Addr
}

// account is what it took to get a response.
type account struct {
	head         *cabi.Head
	attempt      int
	began, ended time.Time
}

func (a *account) host() string {
	parsed, err := url.Parse(a.head.URL)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// TraceInfo tells how long the steps took; all is zero without EnableTrace.
func (r *Request) TraceInfo() TraceInfo {
	if r.account == nil || (!r.trace && !r.client.settings.trace) {
		return TraceInfo{}
	}
	head := r.account.head
	connecting := head.Resolve + head.Connect + head.TLS
	total := r.account.ended.Sub(r.account.began)
	info := TraceInfo{
		DNSLookup:      head.Resolve,
		ConnTime:       connecting,
		TCPConnTime:    head.Connect,
		TLSHandshake:   head.TLS,
		ServerTime:     head.FirstByte,
		ResponseTime:   max(total-connecting-head.FirstByte, 0),
		TotalTime:      total,
		IsConnReused:   head.Reused,
		IsConnWasIdle:  head.Reused,
		RequestAttempt: r.account.attempt,
	}
	if address, err := netip.ParseAddrPort(head.RemoteAddress); err == nil {
		info.RemoteAddr = net.TCPAddrFromAddrPort(address)
	}
	return info
}
