/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/report.h"

#include <errno.h>
#include <string.h>

#include "daemon/render/formats.h"

const struct report_ops *const report_formats[] = {
	&report_text,
	&report_jsonl,
	&report_csv,
	&report_junit,
	&report_tap,
	&report_html,
	NULL,
};

const struct report_ops *report_find(const char *name)
{
	for (size_t i = 0; report_formats[i]; i++)
		if (strcmp(report_formats[i]->name, name) == 0)
			return report_formats[i];
	return NULL;
}

/* A stream remembers that a write failed, so each call need not look at every one. */
static int finish(const struct report *report, int rc)
{
	if (rc == 0 && ferror(report->options.out))
		return -EIO;
	return rc;
}

int report_begin(struct report *report, const struct report_ops *ops,
	const struct report_options *options, const char *command)
{
	*report = (struct report){.ops = ops, .options = *options};
	return finish(report, ops->begin ? ops->begin(report, command) : 0);
}

int report_result(struct report *report, const struct report_result *result)
{
	const struct report_ops *ops = report->ops;

	return finish(report, ops->result ? ops->result(report, result) : 0);
}

int report_change(struct report *report, const struct report_change *change)
{
	const struct report_ops *ops = report->ops;

	return finish(report, ops->change ? ops->change(report, change) : 0);
}

int report_incident(struct report *report, const struct report_incident *incident)
{
	const struct report_ops *ops = report->ops;

	return finish(report, ops->incident ? ops->incident(report, incident) : 0);
}

int report_summary(struct report *report, const struct report_summary *summary)
{
	const struct report_ops *ops = report->ops;

	return finish(report, ops->summary ? ops->summary(report, summary) : 0);
}

int report_end(struct report *report)
{
	const struct report_ops *ops = report->ops;
	int rc = ops->end ? ops->end(report) : 0;

	/* Only the last flush tells that the disk is full or the pipe is closed. */
	if (fflush(report->options.out) != 0 && rc == 0)
		rc = -EIO;
	return finish(report, rc);
}
