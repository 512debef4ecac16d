/* SPDX-License-Identifier: Apache-2.0 */
/* reachd check: validates, and says what a scan will do to the network. */
#include <stdio.h>
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

/* What a scan takes when nothing answers: every attempt lasts its whole time limit, and
 * the widest host keeps only per_host connections open. */
static uint64_t longest_ms(const struct plan *plan)
{
	const struct settings *s = &plan->config->settings;
	uint64_t widest = 0, total = 0;

	for (uint32_t i = 0; i < plan->n_hosts; i++) {
		const struct plan_host *host = &plan->hosts[i];
		uint64_t host_ms = 0;
		for (uint32_t j = 0; j < host->n_flows; j++) {
			const struct plan_check *check =
				&plan->checks[plan->flows[host->first_flow + j].check];
			uint64_t n = host->n_addresses ? host->n_addresses : 1;
			n *= check->connections;
			host_ms += n * check->timeout_ms * check->attempts;
		}
		total += host_ms;
		if (host_ms / s->per_host > widest)
			widest = host_ms / s->per_host;
	}
	total /= s->concurrency;
	return total > widest ? total : widest;
}

static void print_rules(const struct plan *plan)
{
	const struct rule_list *rules = &plan->config->rules;

	for (uint32_t r = 0; r < rules->count; r++) {
		uint32_t flows = 0;
		for (uint32_t i = 0; i < plan->n_flows; i++) {
			const struct plan_rule_set *set =
				&plan->rule_sets[plan->flows[i].rules];
			for (uint32_t j = 0; j < set->count; j++)
				flows += set->rules[j] == r;
		}
		printf("  %-32s to %s: %u flows%s\n", rules->rules[r].name,
			rules->rules[r].to_name, flows,
			flows ? "" : " (not from this vantage)");
	}
}

static void print_load(const struct plan *plan)
{
	const struct settings *s = &plan->config->settings;
	char rate[32], shortest[32], longest[32], timeout[32];

	printf("A scan opens %u connections or more, at most %u at once, %u to one host,\n"
	       "%s in all; an attempt lasts %s, and silence is asked %u times.\n",
		plan->connections, s->concurrency, s->per_host,
		rate_format(s->rate_per_hour, rate, sizeof rate),
		duration_format(s->timeout_ms, timeout, sizeof timeout), s->attempts);
	printf("It takes %s when everything answers, and about %s when nothing does.\n",
		duration_format(shortest_ms(plan), shortest, sizeof shortest),
		duration_format(
			longest_ms(plan) + shortest_ms(plan), longest, sizeof longest));
}

static void print_plan(const struct plan *plan)
{
	const struct config *config = plan->config;

	printf("%s: no mistakes\n", config->path);
	printf("vantage %s, store %s\n", config->settings.vantage,
		config->settings.store);
	printf("%u hosts in %u groups; %u of them are probed\n",
		config->inventory.n_hosts, config->inventory.n_groups, plan->n_hosts);
	printf("%u rules, %u checks, %u flows:\n", config->rules.count, plan->n_checks,
		plan->n_flows);
	print_rules(plan);
	print_load(plan);
}

static void print_flows(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_flows; i++)
		printf("%s %s expect %s%s\n", plan->hosts[plan->flows[i].host].name,
			plan->checks[plan->flows[i].check].name,
			rule_expect_name((enum rule_expect)plan->flows[i].expect),
			plan->flows[i].control ? " (control)" : "");
}

static int check_file(const struct common_options *options, bool flows)
{
	struct conf_report report;
	struct config *config;
	struct plan *plan = NULL;
	int rc;

	conf_report_init(&report);
	config = options_config(options, &report);
	rc = config ? plan_build(config, &report, &plan) : -1;
	if (config)
		conf_report_print(&report, stderr);
	if (rc == 0 && flows)
		print_flows(plan);
	else if (rc == 0)
		print_plan(plan);
	plan_free(plan);
	config_free(config);
	conf_report_fini(&report);
	if (rc < 0)
		return STATUS_USAGE;
	return fflush(stdout) == 0 ? STATUS_PASS : STATUS_TROUBLE;
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
		return command_usage(self, "'%s' is one word too many", argv[at]);
	if (options.format != report_formats[0])
		return command_usage(self, "check prints text only");
	return check_file(&options, flows);
}

const struct command check_command = {
	.name = "check",
	.summary = "Validate the configuration and say what a scan will do",
	.usage = "[-c FILE] [--flows]",
	.help = "      --flows         list every flow: host, check, expectation\n",
	.run = run,
};
