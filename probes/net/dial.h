/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Very many TCP connects to one address, for sweeps. A line is one socket; what a
 * uv_tcp_t would cost per connection (a handle, its closing, a registration) is paid
 * once, and a line whose connect met a RST dials the next port on the same socket.
 */
#ifndef PROBES_DIAL_H
#define PROBES_DIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "probes/net/sockerr.h"
#include "probes/probe.h"

/* One connect at a time. Embed it by value. */
struct dial_line {
	int fd; /* -1: no socket */
	uint16_t port;
	bool dialling;
	/* For a caller that walks (trace.c); the next socket that is opened has them.
	 */
	uint8_t ttl;       /* or hop limit; 0: the system's */
	bool keeps_port;   /* each socket is bound to own_port */
	uint16_t own_port; /* 0: none yet; another one where that is taken meanwhile */
};

struct dialer {
	struct probe_handle handle; /* held by the run from dialer_open() on */
	struct net_address target;
	struct sockaddr_storage to;
	socklen_t to_length;
	int waiter; /* the descriptor that all lines report to; -1: none */
	void (*answered)(struct dialer *dialer, struct dial_line *line,
		const struct sockerr *answer);
};

/* No socket, nothing under way. */
void dial_line_init(struct dial_line *line);

/* A dialer that dialer_close() may be given. */
void dialer_init(struct dialer *dialer);

/*
 * Gets ready to dial one address; `answered` runs from the loop when a connect has
 * ended, and the line is idle then. It may dial again, hang up, or settle the run. 0 or
 * a negative libuv code.
 */
int dialer_open(struct dialer *dialer, struct probe_run *run,
	const struct net_address *target,
	void (*answered)(struct dialer *dialer, struct dial_line *line,
		const struct sockerr *answer));

/*
 * Starts a connect on an idle line. True when it is under way; false with the answer in
 * *out when there is one at once: mostly this machine's own trouble.
 */
bool dial_start(struct dialer *dialer, struct dial_line *line, uint16_t port,
	struct sockerr *out);

/*
 * The time limit of a connect has passed: ends it, and says what came of it; the line
 * is idle then. An answer counts that came while the loop was late.
 */
void dial_expire(struct dialer *dialer, struct dial_line *line, struct sockerr *out);

/*
 * Ends whatever the line does and closes its socket, with a RST where it had connected.
 * An idle line keeps a descriptor until then. Harmless when repeated.
 */
void dial_hang_up(struct dial_line *line);

/* After the handle has closed: gives up the rest. The lines must have hung up. */
void dialer_close(struct dialer *dialer);

#endif
