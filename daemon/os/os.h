/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between operating systems: one file a system, chosen by CMake. */
#ifndef DAEMON_OS_OS_H
#define DAEMON_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Raises this process's descriptor limit to the hard limit. Returns what it is now. */
unsigned os_raise_descriptors(void);

/* How many descriptors this process has open now. */
unsigned os_count_descriptors(void);

/* True when the stream is a terminal; *width its columns (0 when not known). */
bool os_is_terminal(FILE *stream, unsigned *width);

/* Calls on_stop (async-signal-safe, no argument) at SIGINT and SIGTERM; the second one
 * ends the process at once. SIGPIPE is ignored, writes report EPIPE. */
void os_on_stop(void (*on_stop)(void));

#endif
