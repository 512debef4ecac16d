/* SPDX-License-Identifier: Apache-2.0 */
/* A command's side of the daemon's socket, see daemon/run/control.h. */
#ifndef DAEMON_COMMANDS_ASK_H
#define DAEMON_COMMANDS_ASK_H

#include <jansson.h>

#include "daemon/commands/command.h"

/* Asks the daemon that writes to the options' store for `word`, and waits for its
 * answer, however long that takes. STATUS_PASS with *answer (json_decref() it), or the
 * status to end with, after telling. */
int ask_daemon(struct common_options *options, const char *word, json_t **answer);

#endif
