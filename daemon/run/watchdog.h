/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the service manager that the daemon lives, as long as it does. */
#ifndef DAEMON_RUN_WATCHDOG_H
#define DAEMON_RUN_WATCHDOG_H

#include <stdbool.h>
#include <uv.h>

struct watchdog {
	uv_timer_t timer;
	/* Asked each time, on the loop: false, and the manager hears nothing. */
	bool (*is_well)(void *data);
	void *data;
};

/* is_well and data are set. Does nothing where nobody asked for it. 0 or a negative
 * libuv code. */
int watchdog_init(struct watchdog *watchdog, uv_loop_t *loop);

void watchdog_close(struct watchdog *watchdog);

#endif
