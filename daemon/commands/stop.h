/* SPDX-License-Identifier: Apache-2.0 */
/* What a signal that asks the program to end does while probes run, and later. */
#ifndef DAEMON_COMMANDS_STOP_H
#define DAEMON_COMMANDS_STOP_H

#include <stdbool.h>

#include "daemon/engine/engine.h"

/* From now on it cancels this engine; NULL: none. Before the engine is freed. */
void stop_cancels(struct engine *engine);

/* Whether there was one since the first stop_cancels(). */
bool stop_was_asked(void);

#endif
