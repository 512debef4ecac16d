/* SPDX-License-Identifier: Apache-2.0 */
/* What happens, in lines for people who watch one probe. */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "daemon/engine/pass.h"

static void emit(struct pass *pass, uint32_t flow, enum probe_phase phase,
	const struct strbuf *text)
{
	const struct engine_options *options = &pass->engine->options;

	if (text->text && !text->failed)
		options->observer(options->observer_data, flow,
			clock_monotonic_us() - pass->team->started_us,
			probe_phase_word(phase), text->text);
}

/* "850 us", "12.3 ms", "2.00 s" */
static void add_elapsed(struct strbuf *text, uint64_t us)
{
	if (us < 1000)
		strbuf_addf(text, "%u us", (unsigned)us);
	else if (us < 1000000)
		strbuf_addf(text, "%.1f ms", (double)us / 1e3);
	else
		strbuf_addf(text, "%.2f s", (double)us / 1e6);
}

static void add_addresses(struct strbuf *text, const struct resolver_addresses *answer)
{
	char address[NET_ADDRESS_TEXT];

	for (size_t i = 0; i < answer->count; i++) {
		strbuf_adds(text, i ? ", " : "");
		strbuf_adds(text,
			net_address_format(&answer->items[i], address, sizeof address));
	}
}

void tell_lookup(struct pass *pass, const struct pass_host *host,
	const struct resolver_addresses *answer)
{
	struct strbuf text;

	if (!pass->engine->options.observer)
		return;
	strbuf_init(&text);
	strbuf_addf(&text, "%s -> ", pass->plan->hosts[host->host].dial_name);
	if (answer->state == STATE_OPEN)
		add_addresses(&text, answer);
	else
		strbuf_adds(&text, probe_reason_word(answer->reason));
	strbuf_adds(&text, " in ");
	add_elapsed(&text, answer->elapsed_us);
	emit(pass, pass_flow(pass, host->next), PHASE_RESOLVE, &text);
	strbuf_fini(&text);
}

/* "10.0.0.1: attempt 2: "; a run that repeats each connection itself is no attempt. */
static void add_subject(struct strbuf *text, const struct leg *leg)
{
	char address[NET_ADDRESS_TEXT];

	if (leg->seen.address.family)
		strbuf_addf(text, "%s: ",
			net_address_format(
				&leg->seen.address, address, sizeof address));
	if (!(pass_check(leg->flight->pass, leg->flight->flow)->ops->flags &
		    PROBE_PACED))
		strbuf_addf(text, "attempt %u: ", (unsigned)leg->attempts + 1);
}

void tell_line(struct probe_env *env, struct probe_run *run, enum probe_phase phase,
	const char *line)
{
	const struct leg *leg = run->data;
	struct strbuf text;

	(void)env;
	strbuf_init(&text);
	add_subject(&text, leg);
	strbuf_adds(&text, line);
	emit(leg->flight->pass, leg->flight->flow, phase, &text);
	strbuf_fini(&text);
}

void tell_attempt(const struct leg *leg, const struct probe_run *run)
{
	const struct probe_result *result = &run->result;
	struct pass *pass = leg->flight->pass;
	struct strbuf text;

	if (!pass->engine->options.observer)
		return;
	strbuf_init(&text);
	add_subject(&text, leg);
	strbuf_addf(&text, "%s, %s after ", probe_state_word(result->state),
		probe_reason_word(result->reason));
	add_elapsed(&text, result->rtt_us ? result->rtt_us
					  : clock_monotonic_us() - run->started_us);
	emit(pass, leg->flight->flow, result->phase, &text);
	strbuf_fini(&text);
}
