/* SPDX-License-Identifier: Apache-2.0 */
/* The options that every verb has, and what they lead to. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os/os.h"
#include "base/size.h"
#include "base/utf8.h"
#include "daemon/commands/command.h"
#include "daemon/query/flapping.h"

enum {
	OPTION_STORE = 256,
	OPTION_FORMAT,
	OPTION_COLOUR,
	OPTION_VANTAGE,
	OPTION_VERB
};

#define MAX_VERB_OPTIONS 12

static const struct option common_table[] = {
	{"config", required_argument, NULL, 'c'},
	{"store", required_argument, NULL, OPTION_STORE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"colour", required_argument, NULL, OPTION_COLOUR},
	{"color", required_argument, NULL, OPTION_COLOUR},
	{"vantage", required_argument, NULL, OPTION_VANTAGE},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
};

static bool set_format(const struct command *command, struct common_options *out)
{
	out->format = report_find(optarg);
	if (!out->format)
		command_usage(command,
			"unknown format '%s'; use text, jsonl, csv, junit, tap or html",
			optarg);
	return out->format != NULL;
}

static bool set_colour(const struct command *command, struct common_options *out)
{
	static const char *const words[] = {"auto", "always", "never"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(optarg, words[i]) == 0) {
			out->colour = (enum colour_choice)i;
			return true;
		}
	}
	command_usage(
		command, "--colour must be auto, always or never, not '%s'", optarg);
	return false;
}

/* As a configuration's texts are: what is printed as JSON must be UTF-8. */
static bool is_utf8(const char *text)
{
	size_t left = strlen(text), n;
	uint32_t code;

	for (; left; text += n, left -= n) {
		n = utf8_read(text, left, &code);
		if (n == 0)
			return false;
	}
	return true;
}

static bool set_vantage(const struct command *command, struct common_options *out)
{
	if (!*optarg || strlen(optarg) > INVENTORY_MAX_NAME || !is_utf8(optarg)) {
		command_usage(command, "--vantage takes a name of 1 to %d bytes, UTF-8",
			INVENTORY_MAX_NAME);
		return false;
	}
	out->vantage = optarg;
	out->vantage_given = true;
	return true;
}

static void set_verb_option(const struct verb_option *option)
{
	if (option->value)
		*option->value = optarg;
	if (option->flag)
		*option->flag = true;
}

/* One option that getopt found. False when it is wrong and was told. */
static bool take_option(const struct command *command, int c,
	const struct verb_option *verb_options, struct common_options *out)
{
	switch (c) {
	case 'c':
		out->config = optarg;
		return true;
	case OPTION_STORE:
		out->store = optarg;
		return true;
	case OPTION_FORMAT:
		return set_format(command, out);
	case OPTION_COLOUR:
		return set_colour(command, out);
	case OPTION_VANTAGE:
		return set_vantage(command, out);
	case 'q':
		out->quiet = true;
		return true;
	case 'v':
		out->verbose = true;
		return true;
	case '?': /* getopt said what is wrong */
		fprintf(stderr, "Try 'reachd %s --help'.\n", command->name);
		return false;
	default:
		set_verb_option(&verb_options[c - OPTION_VERB]);
		return true;
	}
}

static void build_table(const struct verb_option *verb_options, struct option *table)
{
	size_t n = ARRAY_SIZE(common_table);

	memcpy(table, common_table, sizeof common_table);
	for (int i = 0; verb_options && verb_options[i].name; i++) {
		table[n].name = verb_options[i].name;
		table[n].has_arg =
			verb_options[i].value ? required_argument : no_argument;
		table[n].val = OPTION_VERB + i;
		n++;
	}
}

int options_parse(const struct command *command, int argc, char **argv,
	const struct verb_option *verb_options, struct common_options *out)
{
	struct option table[ARRAY_SIZE(common_table) + MAX_VERB_OPTIONS + 1] = {{0}};
	int c;

	*out = (struct common_options){
		.format = report_formats[0],
		.flap =
			{
				.changes = SETTINGS_FLAP_CHANGES,
				.within_us = SETTINGS_FLAP_WITHIN_MS * INT64_C(1000),
				.settle_us = SETTINGS_FLAP_SETTLE_MS * INT64_C(1000),
			},
	};
	build_table(verb_options, table);
	optind = 1;
	while ((c = getopt_long(argc, argv, "c:qvh", table, NULL)) != -1) {
		if (c == 'h') {
			command_help(command);
			return command_flush(STATUS_PASS) == STATUS_PASS ? -1 : -3;
		}
		if (!take_option(command, c, verb_options, out))
			return -2;
	}
	if (out->quiet)
		log_set_level(LOG_LEVEL_ERROR);
	else if (out->verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	return optind;
}

int options_status(int parsed)
{
	if (parsed == -3)
		return STATUS_TROUBLE;
	return parsed == -1 ? STATUS_PASS : STATUS_USAGE;
}

const char *options_find_config(const struct common_options *options)
{
	static const char *const places[] = {"reachd.yaml", "/etc/reachd/reachd.yaml"};

	if (options->config)
		return options->config;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	log_error("no configuration: neither ./reachd.yaml nor "
		  "/etc/reachd/reachd.yaml exists; name one with -c FILE");
	return NULL;
}

struct config *options_config(
	const struct common_options *options, struct conf_report *report)
{
	struct config *config = NULL;
	const char *path = options_find_config(options);

	if (!path)
		return NULL;
	if (config_load(path, report, &config) < 0) {
		conf_report_print(report, stderr);
		return NULL;
	}
	if (options->vantage_given)
		config->settings.vantage = options->vantage;
	return config;
}

char *options_store_path(struct common_options *options)
{
	struct conf_report report;
	struct config *config;
	char *path = NULL;

	if (options->store && !options->config)
		return strdup(options->store);
	conf_report_init(&report);
	config = options_config(options, &report);
	if (config)
		path = strdup(options->store ? options->store : config->settings.store);
	if (config && !options->vantage_given) {
		snprintf(options->own_vantage, sizeof options->own_vantage, "%s",
			config->settings.vantage);
		options->vantage = options->own_vantage;
	}
	if (config)
		options->flap = flapping_limits(&config->settings);
	config_free(config);
	conf_report_fini(&report);
	return path;
}

int options_open_store(
	struct common_options *options, enum store_mode mode, struct store **out)
{
	struct store_error error;
	char *path = options_store_path(options);
	int rc;

	if (!path)
		return STATUS_USAGE;
	rc = store_open(path, mode, out, &error);
	if (rc < 0)
		log_error("%s", error.text);
	free(path);
	return rc < 0 ? STATUS_TROUBLE : STATUS_PASS;
}

static bool want_colour(const struct common_options *options, bool terminal)
{
	const char *no_colour = getenv("NO_COLOR");

	if (options->colour != COLOUR_AUTO)
		return options->colour == COLOUR_ALWAYS;
	return terminal && !(no_colour && *no_colour);
}

void options_report(const struct common_options *options, struct report_options *report)
{
	unsigned width;
	bool terminal = os_is_terminal(stdout, &width);

	*report = (struct report_options){
		.out = stdout,
		.colour = want_colour(options, terminal),
		.width = terminal ? width : 0,
		.quiet_passes = !options->verbose,
	};
}
