/* SPDX-License-Identifier: Apache-2.0 */
/* reachd status: every flow as the last scan left it, and since when. */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/analyze/assess.h"
#include "daemon/commands/command.h"
#include "daemon/commands/side.h"
#include "daemon/model/words.h"
#include "daemon/query/flapping.h"
#include "daemon/query/quiet.h"

#define MAX_RULES 64

struct showing {
	struct report report;
	const struct side *side;
	struct quiet quiet; /* what is silenced now */
	struct flapping_names flapping;
	struct report_summary summary;
	int rc;
};

static size_t fill_rules(const json_t *list, const char **rules)
{
	size_t n = json_array_size(list);

	if (n > MAX_RULES)
		n = MAX_RULES;
	for (size_t i = 0; i < n; i++) {
		rules[i] = json_string_value(json_array_get(list, i));
		if (!rules[i])
			rules[i] = "";
	}
	return n;
}

static void count(struct report_summary *summary, const struct report_result *result)
{
	enum verdict verdict = result->verdict;

	summary->flapping += result->flapping;
	summary->silenced += result->silence && verdict != VERDICT_PASS;
	summary->flows++;
	summary->pass += verdict == VERDICT_PASS;
	summary->fail += verdict == VERDICT_FAIL;
	summary->inconclusive += verdict == VERDICT_INCONCLUSIVE;
}

static void fill_words(const struct store_flow *flow, struct report_result *out)
{
	/* What was never measured has no state: it is an error, and why is known. */
	if (!*flow->state || !probe_state_from_word(flow->state, &out->state))
		out->state = STATE_ERROR;
	if (!*flow->reason || !probe_reason_from_word(flow->reason, &out->reason))
		out->reason = REASON_LOCAL_ERROR;
	if (!*flow->state && flow->gap_reason)
		probe_reason_from_word(flow->gap_reason, &out->reason);
	if (flow->phase && *flow->phase)
		probe_phase_from_word(flow->phase, &out->phase);
	out->verdict = VERDICT_INCONCLUSIVE;
	verdict_from_word(flow->verdict, &out->verdict);
}

static bool on_flow(void *data, const struct store_flow *flow)
{
	struct showing *showing = data;
	const char *rules[MAX_RULES];
	json_t *list = json_loads(flow->rules, 0, NULL);
	struct report_result out = {
		.scan = flow->asked_scan ? flow->asked_scan : showing->side->scan.id,
		.time_us = flow->asked_scan ? flow->asked_us
					    : showing->side->scan.started_us,
		.vantage = flow->vantage,
		.host = flow->host,
		.check = flow->check,
		.rules = rules,
		.n_rules = fill_rules(list, rules),
		.expect = expectation_of(flow->expect).expect,
		.evidence = flow->evidence && *flow->evidence ? flow->evidence : NULL,
		.since_us = flow->since_us,
	};

	fill_words(flow, &out);
	out.silence = quiet_of_stored(&showing->quiet, flow);
	out.flapping = flapping_names_has(&showing->flapping, flow->host, flow->check);
	count(&showing->summary, &out);
	showing->rc = report_result(&showing->report, &out);
	json_decref(list);
	return showing->rc == 0;
}

static int report_flows(const struct common_options *options, struct showing *showing)
{
	struct report_options out;
	int rc;

	options_report(options, &out);
	rc = report_begin(&showing->report, options->format, &out, "status");
	if (rc == 0)
		rc = store_flows_at(
			showing->side->store, showing->side->scan.id, on_flow, showing);
	if (rc == 0)
		rc = showing->rc;
	if (rc == 0)
		rc = report_summary(&showing->report, &showing->summary);
	return report_end(&showing->report) < 0 && rc == 0 ? -EIO : rc;
}

/* The flows with what is silenced now and what flaps. */
static int report_marked(const struct common_options *options, struct showing *showing)
{
	const struct side *side = showing->side;
	int rc = quiet_load(side->store, clock_wall_us(), &showing->quiet);

	if (rc < 0)
		return rc;
	rc = flapping_names_load(
		side->store, side->scan.vantage, &options->flap, &showing->flapping);
	if (rc == 0) {
		rc = report_flows(options, showing);
		flapping_names_fini(&showing->flapping);
	}
	quiet_fini(&showing->quiet);
	return rc;
}

static int show(const struct common_options *options, const struct side *side)
{
	struct showing showing = {
		.side = side,
		.summary = {.scan = side->scan.id,
			.command = "status",
			.degraded = side->scan.degraded,
			.degraded_reason =
				assess_degraded_text(side->scan.degraded_why),
			.carried = side->scan.carried,
			.duration_us = side->scan.duration_us},
	};
	int rc = report_marked(options, &showing);

	return command_finish(rc, showing.summary.fail           ? STATUS_FAIL
				  : showing.summary.inconclusive ? STATUS_TROUBLE
								 : STATUS_PASS);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	struct store *store;
	struct side side;
	int at = options_parse(self, argc, argv, NULL, &options);
	int status;

	if (at < 0)
		return options_status(at);
	if (at < argc)
		return command_usage(self, "'%s' is one word too many", argv[at]);
	status = options_open_store(&options, STORE_READ, &store);
	if (status != STATUS_PASS)
		return status;
	status = STATUS_TROUBLE;
	if (side_open(store, &options, "last", &side)) {
		status = show(&options, &side);
		side_fini(&side);
	}
	store_close(store);
	return status;
}

const struct command status_command = {
	.name = "status",
	.summary = "Show every flow in its state after the last scan",
	.usage = "[-c FILE]",
	.help = "The exit status is that of the last scan's verdicts.\n",
	.run = run,
};
