/* SPDX-License-Identifier: Apache-2.0 */
/* How long a sink that failed is left alone. Pure. */
#ifndef DAEMON_NOTIFY_RETRY_H
#define DAEMON_NOTIFY_RETRY_H

#include <stdint.h>

enum {
	RETRY_FIRST_MS = 1000,
	RETRY_MOST_MS = 300000, /* 5m */
	RETRY_REFUSALS = 10 /* as often a notice may be refused before it is given up */
};

/*
 * After `attempts` failures in a row (at least 1): about a second, then twice as long
 * each time, at most five minutes. `chance`, a number from 0 to UINT32_MAX, takes off
 * up to half, so that a fleet does not come back as one. `asked_ms` is what the
 * receiver asked for, 0 for nothing: less it is not, within the five minutes.
 */
uint32_t retry_delay_ms(uint32_t attempts, uint32_t chance, uint64_t asked_ms);

#endif
