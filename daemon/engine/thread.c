/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/thread.h"

#include <signal.h>

int thread_start(uv_thread_t *thread, uv_thread_cb work, void *data)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = uv_thread_create(thread, work, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
