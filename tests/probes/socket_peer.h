/* SPDX-License-Identifier: Apache-2.0 */
/* The contract's peers for kinds that only connect: the kernel is all that it takes.
 * Include contract.h first. */
#ifndef TESTS_PROBES_SOCKET_PEER_H
#define TESTS_PROBES_SOCKET_PEER_H

struct socket_peer {
	int fd, filler; /* filler -1: none */
};

/* Raises it on an address, which becomes the target; returns its port. */
static inline uint16_t socket_peer_open(
	struct contract *c, enum contract_peer peer, const char *host)
{
	struct socket_peer *sockets = malloc(sizeof *sockets);
	uint16_t port = 0;

	assert_non_null(sockets);
	sockets->filler = -1;
	if (peer == PEER_ANSWERS)
		sockets->fd = harness_listen(host, &port);
	else if (peer == PEER_REFUSES)
		sockets->fd = harness_refuse(host, &port);
	else
		sockets->fd = harness_silence(host, &port, &sockets->filler);
	c->peer = sockets;
	c->address = harness_address(host);
	c->spec.target.address = &c->address;
	return port;
}

/* For close_peer. */
static inline void socket_peer_close(struct contract *c)
{
	struct socket_peer *sockets = c->peer;

	close(sockets->fd);
	if (sockets->filler >= 0)
		close(sockets->filler);
	free(sockets);
}

#endif
