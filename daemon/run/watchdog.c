/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/watchdog.h"

#include "base/os/os.h"

static void on_time(uv_timer_t *timer)
{
	struct watchdog *watchdog = timer->data;

	if (watchdog->is_well(watchdog->data))
		os_service_notify("WATCHDOG=1");
}

/* Thrice in its time, so that one that comes late is none too late. */
int watchdog_init(struct watchdog *watchdog, uv_loop_t *loop)
{
	uint64_t every_ms = os_service_watchdog_us() / 3000;
	int rc = uv_timer_init(loop, &watchdog->timer);

	watchdog->timer.data = watchdog;
	if (rc == 0 && os_service_watchdog_us())
		rc = uv_timer_start(
			&watchdog->timer, on_time, 0, every_ms ? every_ms : 1);
	return rc;
}

void watchdog_close(struct watchdog *watchdog)
{
	uv_close((uv_handle_t *)&watchdog->timer, NULL);
}
