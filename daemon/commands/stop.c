/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/commands/stop.h"

#include <signal.h>

#include "base/os/os.h"

static struct engine *running;
static volatile sig_atomic_t asked;

static void on_stop(void)
{
	asked = 1;
	if (running)
		engine_cancel(running);
}

void stop_cancels(struct engine *engine)
{
	running = engine;
	if (engine)
		os_on_stop(on_stop);
}

bool stop_was_asked(void)
{
	return asked != 0;
}
