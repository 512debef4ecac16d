/* SPDX-License-Identifier: Apache-2.0 */
/* Sends what waits in a store, for a program that runs once. */
#ifndef DAEMON_COMMANDS_FLUSH_H
#define DAEMON_COMMANDS_FLUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "store/store.h"

/* Tells the sinks for at most so long, or until a signal asks the program to end; warns
 * of what waits on. False: a sink hangs, and `config` and `store` must stay until the
 * process ends. */
bool flush_notices(const struct config *config, struct store *store, uint32_t limit_ms);

#endif
