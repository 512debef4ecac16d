/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a TCP connect failed, from the socket itself and without privileges: RST,
 * silence, each ICMP code with its sender, or this machine's own trouble.
 */
#ifndef PROBES_SOCKERR_H
#define PROBES_SOCKERR_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/address.h"
#include "probes/reason.h"

struct sockerr {
	enum probe_state state;
	enum probe_reason reason;
	int error;         /* errno, positive; 0 for success */
	bool has_icmp;     /* type, code and sender are valid */
	uint8_t icmp_type; /* ICMPv4 or ICMPv6 by the target's family */
	uint8_t icmp_code;
	struct net_address icmp_sender;
};

/* Call after the socket exists and before connect. Negative libuv code on failure. */
int sockerr_prepare(uv_os_sock_t fd, const struct net_address *target);

/* Makes close() send a RST, so that a finished probe leaves no TIME_WAIT behind. */
void sockerr_reset_on_close(uv_os_sock_t fd);

/*
 * Call once connected, where the connection is to be used: an ICMP error ends it no
 * more (RFC 1122, 4.2.3.9: soft errors), as it would after sockerr_prepare() and
 * without a word on who sent it.
 */
void sockerr_forgive(uv_os_sock_t fd, const struct net_address *target);

/* connect() itself refused: nothing was sent, so all but ECONNREFUSED is local trouble.
 */
void sockerr_from_call(int uv_code, struct sockerr *out);

/*
 * The connect callback's status: 0 is open, unless the socket met itself (then closed).
 * Must run before the socket is closed: reads its error queue. An ICMP error made by
 * this machine itself is local trouble, but for a silent neighbour on the target's own
 * link.
 */
void sockerr_from_event(uv_os_sock_t fd, int uv_status,
	const struct net_address *target, struct sockerr *out);

/*
 * The same from the error queue alone, for sockets that no uv handle owns: true and
 * *out filled when an ICMP error waits there. Taking it clears the socket's SO_ERROR,
 * so look here first and ask for SO_ERROR only when this is false.
 */
bool sockerr_from_queue(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out);

/*
 * For deadlines: true when the connect has ended though the loop, being late, has not
 * said so yet. *uv_status is then what the connect callback would be given; the
 * callback can't be trusted any more, so use sockerr_from_event() with it and close.
 */
bool sockerr_pending(uv_os_sock_t fd, int *uv_status);

/*
 * The time limit passed without an answer: filtered, unless the SYNs never left this
 * machine, which the kernel can tell once it has tried to repeat one, after a second.
 */
void sockerr_from_silence(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out);

/*
 * The same for a connection that was asked something: true and *out filled when what
 * was written never left this machine, so that the silence is no peer's.
 */
bool sockerr_kept_back(
	uv_os_sock_t fd, const struct net_address *target, struct sockerr *out);

/* True when something came back over the network, and took a round trip. */
bool sockerr_is_answer(const struct sockerr *err);

/* `{"icmp":{"type":3,"code":13,"sender":"10.0.0.1"},"errno":"EHOSTUNREACH"}`, or NULL
 * when there is nothing to say or no memory. The caller frees it. */
char *sockerr_evidence(const struct sockerr *err);

#endif
