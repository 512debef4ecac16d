/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between operating systems: one file a system, chosen by CMake. */
#ifndef BASE_OS_OS_H
#define BASE_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/address.h"

/* Raises this process's descriptor limit to the hard limit. Returns what it is now. */
unsigned os_raise_descriptors(void);

/* How many descriptors this process has open now. */
unsigned os_count_descriptors(void);

/* How many processors this process may run on, at least 1. */
unsigned os_count_cpus(void);

/* Occupies those of the descriptors 0, 1 and 2 that this process was started without,
 * so that no database and no socket takes their place and gets our output; writing
 * there fails. False when that can't be done. */
bool os_hold_standard_streams(void);

/* True when the stream is a terminal; *width its columns (0 when not known). */
bool os_is_terminal(FILE *stream, unsigned *width);

/* The first step from this machine towards an address. */
struct os_hop {
	unsigned interface; /* index */
	struct net_address
		next; /* the gateway, or the address itself when on the link */
	bool is_gateway;
};

/* What the machine knows of the first step; nothing is sent to find out. */
enum os_hop_state {
	HOP_UNKNOWN, /* nothing: not asked lately, or no such thing here (loopback) */
	HOP_ANSWERS, /* the neighbour is known */
	HOP_ASKED,   /* the neighbour was asked and has some seconds left to answer */
	HOP_SILENT,  /* the neighbour did not answer ARP or neighbour discovery */
	HOP_DOWN,    /* the interface has no carrier or was taken down */
};

/* Asks the routing table. False when there is no route or no way to ask. */
bool os_next_hop(const struct net_address *address, struct os_hop *hop);

enum os_hop_state os_hop_state(const struct os_hop *hop);

/* Calls on_stop (async-signal-safe, no argument) at SIGINT and SIGTERM; the second one
 * ends the process at once. SIGPIPE is ignored, writes report EPIPE. */
void os_on_stop(void (*on_stop)(void));

/* Fills `bytes` with what nobody can guess. Aborts where the system has none. */
void os_random(void *bytes, size_t size);

/* ---- the service manager (systemd), where there is one ------------------------ */

/* Takes what it says of itself out of the environment, so that no child has it. Once,
 * before there are threads. */
void os_service_init(void);

/* Tells it: lines such as "READY=1". False when it can't be reached; true without one.
 * May block while its queue is full. */
bool os_service_notify(const char *state);

/* How often it wants to hear "WATCHDOG=1"; 0: never. */
uint64_t os_service_watchdog_us(void);

/* True when what is written to stderr goes to the journal as it is. */
bool os_stderr_is_journal(void);

#endif
