/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket beside the store, for the user of the daemon alone, through which a command
 * asks it for something: one JSON object a line, {"ask":"scan"} or {"ask":"reload"},
 * and one as the answer, {"type":"answer","ok":true,"scan":12}.
 */
#ifndef DAEMON_RUN_CONTROL_H
#define DAEMON_RUN_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"

/* Appended to the path of the store. */
#define CONTROL_SUFFIX "-socket"

struct control {
	uv_pipe_t server;
	bool open;
	struct list clients;
	unsigned n_clients;
	/* Set by the owner. Called on the loop: to have a scan that starts later than
	 * now, and to read the configuration again (0, or a negative errno). */
	void (*scan)(void *data);
	int (*reload)(void *data);
	void *data;
};

/* Where there can be none (a path too long for one), that is told, and the daemon does
 * without. Who has the store open for writing may take the path. */
void control_open(struct control *control, uv_loop_t *loop, const char *store);

/* Those who asked for a scan until now are answered by the one that starts. */
void control_scan_started(struct control *control);

/* It ended: its number, or 0 when it failed. */
void control_scan_ended(struct control *control, int64_t scan);

/* Closes everything and takes the path away. Harmless when it is not open. */
void control_close(struct control *control);

#endif
