/* SPDX-License-Identifier: Apache-2.0 */
/* Peers on loopback, each on all of its addresses and on a free port. */
#ifndef TESTS_SUPPORT_LOOPBACK_H
#define TESTS_SUPPORT_LOOPBACK_H

#include <stdint.h>
#include <sys/types.h>

/* A socket of that type, bound. Returns the descriptor, as the next two do. */
int loopback_bind(int type, uint16_t *port);

/* Accepts on every address of loopback, as far as its queue goes. */
int loopback_listen(uint16_t *port);

/* A port that is taken and where nobody listens: it answers with RST. */
int loopback_refuse(uint16_t *port);

/* A listener whose queue is full drops what comes: silence. */
struct silence {
	int listener;
	int fillers[4];
	uint16_t port;
};

void silence_open(struct silence *silence);
void silence_close(struct silence *silence);

/* A process that takes connections off the queue, which would be full in the end. */
pid_t loopback_accept(uint16_t *port);
void loopback_accept_end(pid_t pid);

#endif
