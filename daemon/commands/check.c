/* SPDX-License-Identifier: Apache-2.0 */
/* reachd check: validates, and says what a scan will do to the network. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "daemon/commands/command.h"
#include "daemon/engine/plan.h"

/* Seconds that a scan takes at least: connections over the rate. */
static uint64_t shortest_ms(const struct plan *plan)
{
	uint64_t rate = plan->config->settings.rate_per_hour;

	return rate ? (uint64_t)plan->connections * 3600000 / rate : 0;
}

/* What one host takes when nothing answers: its attempts one after the other in
 * per_host lines, and at the very least those of its slowest connection. */
static uint64_t host_longest_ms(
	const struct plan *plan, const struct plan_host *host, uint64_t *work_ms)
{
	uint64_t slowest = 0, all = 0, lines;

	for (uint32_t j = 0; j < host->n_flows; j++) {
		const struct plan_check *check =
			&plan->checks[plan->flows[host->first_flow + j].check];
		uint64_t n = host->n_addresses ? host->n_addresses : 1;
		uint64_t one = (uint64_t)check->timeout_ms * check->attempts;
		all += n * check->connections * one;
		if (one > slowest)
			slowest = one;
	}
	*work_ms += all;
	lines = all / plan->config->settings.per_host;
	return lines > slowest ? lines : slowest;
}

/* Likewise for all: the host that takes longest, or all work in `concurrency` lines. */
static uint64_t longest_ms(const struct plan *plan)
{
	uint64_t longest = 0, work = 0;

	for (uint32_t i = 0; i < plan->n_hosts; i++) {
		uint64_t ms = host_longest_ms(plan, &plan->hosts[i], &work);
		if (ms > longest)
			longest = ms;
	}
	work /= plan->config->settings.concurrency;
	return work > longest ? work : longest;
}

static void count_flows(const struct plan *plan, uint32_t *counts)
{
	for (uint32_t i = 0; i < plan->n_flows; i++) {
		const struct plan_rule_set *set =
			&plan->rule_sets[plan->flows[i].rules];
		for (uint32_t j = 0; j < set->count; j++)
			counts[set->rules[j]]++;
	}
}

/* Longer names of rules are not aligned. */
#define MAX_NAME_WIDTH 60

static int print_rules(const struct plan *plan)
{
	const struct rule_list *rules = &plan->config->rules;
	uint32_t *counts = calloc(rules->count ? rules->count : 1, sizeof *counts);
	struct strbuf name, to;
	int width = 0;

	if (!counts)
		return -ENOMEM;
	strbuf_init(&name);
	strbuf_init(&to);
	count_flows(plan, counts);
	for (uint32_t r = 0; r < rules->count; r++) {
		size_t length = strlen(command_visible(&name, rules->rules[r].name));
		if (length <= MAX_NAME_WIDTH && (int)length > width)
			width = (int)length;
	}
	for (uint32_t r = 0; r < rules->count; r++)
		printf("  %-*s  to %s: %u flow%s%s\n", width,
			command_visible(&name, rules->rules[r].name),
			command_visible(&to, rules->rules[r].to_name), counts[r],
			counts[r] == 1 ? "" : "s",
			counts[r] ? "" : " (not from this vantage)");
	strbuf_fini(&name);
	strbuf_fini(&to);
	free(counts);
	return 0;
}

static void print_load(const struct plan *plan)
{
	const struct settings *s = &plan->config->settings;
	char rate[32], shortest[32], longest[32], timeout[32];

	printf("A scan opens at least %u connections: at most %u at once, %u to one host,\n"
	       "%s in all. An attempt takes up to %s; silence gets %u attempts.\n",
		plan->connections, s->concurrency, s->per_host,
		rate_format(s->rate_per_hour, rate, sizeof rate),
		duration_format(s->timeout_ms, timeout, sizeof timeout), s->attempts);
	printf("It takes %s if everything answers, and about %s if nothing does.\n",
		duration_format(shortest_ms(plan), shortest, sizeof shortest),
		duration_format(
			longest_ms(plan) + shortest_ms(plan), longest, sizeof longest));
}

static int print_plan(const struct plan *plan)
{
	const struct config *config = plan->config;
	struct strbuf vantage;
	int rc;

	strbuf_init(&vantage);
	printf("%s: no mistakes\n", config->path);
	printf("vantage %s, store %s\n",
		command_visible(&vantage, config->settings.vantage),
		config->settings.store);
	strbuf_fini(&vantage);
	printf("%u hosts in %u groups; %u of them are probed\n",
		config->inventory.n_hosts, config->inventory.n_groups, plan->n_hosts);
	printf("%u rules, %u checks, %u flows:\n", config->rules.count, plan->n_checks,
		plan->n_flows);
	rc = print_rules(plan);
	print_load(plan);
	return rc;
}

static int print_flows(const struct plan *plan)
{
	struct strbuf host, check;

	strbuf_init(&host);
	strbuf_init(&check);
	for (uint32_t i = 0; i < plan->n_flows; i++)
		printf("%s %s expect %s%s\n",
			command_visible(&host, plan->hosts[plan->flows[i].host].name),
			command_visible(
				&check, plan->checks[plan->flows[i].check].name),
			rule_expect_name((enum rule_expect)plan->flows[i].expect),
			plan->flows[i].control ? " (control)" : "");
	strbuf_fini(&host);
	strbuf_fini(&check);
	return 0;
}

static int check_file(const struct common_options *options, bool flows)
{
	struct conf_report report;
	struct config *config;
	struct plan *plan = NULL;
	int rc, printed = 0;

	conf_report_init(&report);
	config = options_config(options, &report);
	rc = config ? plan_build(config, &report, &plan) : -1;
	if (config)
		conf_report_print(&report, stderr);
	if (rc == 0)
		printed = flows ? print_flows(plan) : print_plan(plan);
	plan_free(plan);
	config_free(config);
	conf_report_fini(&report);
	if (rc < 0)
		return STATUS_USAGE;
	return command_flush(command_finish(printed, STATUS_PASS));
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	bool flows = false;
	const struct verb_option verb_options[] = {
		{"flows", &flows, NULL},
		{NULL, NULL, NULL},
	};
	int at = options_parse(self, argc, argv, verb_options, &options);

	if (at < 0)
		return options_status(at);
	if (at < argc)
		return command_usage(self, "unexpected argument '%s'", argv[at]);
	if (options.format != report_formats[0])
		return command_usage(self, "check only prints text");
	return check_file(&options, flows);
}

const struct command check_command = {
	.name = "check",
	.summary = "Check the configuration and show what a scan will do",
	.usage = "[-c FILE] [--flows]",
	.help = "      --flows         list every flow: host, check, expectation\n",
	.run = run,
};
