package reggie

import (
	"net"
	"net/netip"
	"time"

	"libreggie/reggie/internal/cabi"
)

// TraceInfo is how long the steps of a request took. See [Request.EnableTrace].
type TraceInfo struct {
	DNSLookup time.Duration
	// ConnTime is the time until the connection was ready.
	ConnTime    time.Duration
	TCPConnTime time.Duration
	// TLSHandshake is 0 if there was none.
	TLSHandshake time.Duration
	// ServerTime is the time from the last byte of the request to the first
	// byte of the response.
	ServerTime time.Duration
	// ResponseTime is the time from the first to the last byte of the response.
	ResponseTime time.Duration
	TotalTime    time.Duration
	IsConnReused bool
	// IsConnWasIdle is the same as IsConnReused.
	IsConnWasIdle bool
	// ConnIdleTime is not known and always 0.
	ConnIdleTime   time.Duration
	RequestAttempt int
	// RemoteAddr is the address of the server, or of the proxy if there is one.
	RemoteAddr net.Addr
}

// exchangeStats is what is known about an exchange after it.
type exchangeStats struct {
	head         *cabi.Head
	attempt      int
	began, ended time.Time
}

// TraceInfo returns how long the steps took. It is zero without EnableTrace.
func (r *Request) TraceInfo() TraceInfo {
	if r.stats == nil || (!r.trace && !r.client.settings.trace) {
		return TraceInfo{}
	}
	head := r.stats.head
	connecting := head.Resolve + head.Connect + head.TLS
	total := r.stats.ended.Sub(r.stats.began)
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
		RequestAttempt: r.stats.attempt,
	}
	if address, err := netip.ParseAddrPort(head.RemoteAddress); err == nil {
		info.RemoteAddr = net.TCPAddrFromAddrPort(address)
	}
	return info
}
