/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that get no signals: those are the first thread's. */
#ifndef DAEMON_ENGINE_THREAD_H
#define DAEMON_ENGINE_THREAD_H

#include <uv.h>

/* As uv_thread_create(). */
int thread_start(uv_thread_t *thread, uv_thread_cb work, void *data);

#endif
