/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/commands/stop.h"

#include "daemon/os/os.h"

static struct engine *running;

static void on_stop(void)
{
	if (running)
		engine_cancel(running);
}

void stop_cancels(struct engine *engine)
{
	running = engine;
	if (engine)
		os_on_stop(on_stop);
}
