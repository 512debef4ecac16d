/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a connection's bytes are kept on this machine: one file a system. */
#ifndef PROBES_UNSENT_H
#define PROBES_UNSENT_H

#include <stdbool.h>

/*
 * True when something was written to a connected socket, nothing of it was handed to
 * the network, and the peer's window has room for all of it. False where that can't be
 * told.
 */
bool unsent_without_cause(int fd);

#endif
