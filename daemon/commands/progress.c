/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/commands/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "base/quantity.h"

void progress_init(struct progress *progress, bool quiet, const char *label)
{
	*progress = (struct progress){.label = label};
	progress->enabled = os_is_terminal(stderr, &progress->width) && !quiet;
	if (progress->width == 0)
		progress->width = 80;
}

/* Smoothed, so that the number can be read. */
static void update_rate(struct progress *progress, const struct engine_progress *now)
{
	uint64_t us = now->elapsed_us - progress->last_us;
	uint64_t started = now->connections - progress->last_connections;
	double rate;

	if (now->elapsed_us < progress->last_us) {
		progress->last_us = 0;
		progress->last_connections = 0;
		return;
	}
	if (us < 50000)
		return;
	rate = (double)started * 1e6 / (double)us;
	progress->rate = progress->rate > 0 ? progress->rate * 0.7 + rate * 0.3 : rate;
	progress->last_us = now->elapsed_us;
	progress->last_connections = now->connections;
}

static const char *time_left(const struct engine_progress *now, char *buf, size_t size)
{
	char text[32];
	double done = (double)now->settled / (double)now->flows;
	uint64_t left_s;

	if (done < 0.02 || now->elapsed_us < 500000)
		return "";
	left_s = (uint64_t)((double)now->elapsed_us * (1 - done) / done / 1e6 + 0.5);
	snprintf(buf, size, ", %s left",
		duration_format(left_s * 1000, text, sizeof text));
	return buf;
}

void progress_show(void *data, const struct engine_progress *now)
{
	struct progress *progress = data;
	char line[256], left[64];

	if (!progress->enabled || now->flows == 0)
		return;
	update_rate(progress, now);
	snprintf(line, sizeof line,
		"%s: %u of %u flows (%u %%), %.0f/s, %u in flight%s%s", progress->label,
		now->settled, now->flows,
		(unsigned)((uint64_t)now->settled * 100 / now->flows), progress->rate,
		now->in_flight, time_left(now, left, sizeof left),
		now->shortages ? ", waiting for local resources at times" : "");
	fprintf(stderr, "\r\033[K%.*s", (int)progress->width - 1, line);
	fflush(stderr);
	progress->shown = true;
}

void progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->shown = false;
}
