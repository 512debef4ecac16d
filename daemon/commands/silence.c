/* SPDX-License-Identifier: Apache-2.0 */
/* reachd silence: what is recorded as usual and not reported, for a while. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/utf8.h"
#include "daemon/commands/command.h"
#include "daemon/query/silences.h"
#include "daemon/query/snapshot.h"

#define MAX_WHY 500

/* The words after the options, understood. */
struct request {
	enum {
		SILENCE_ADD,
		SILENCE_LIST,
		SILENCE_END
	} verb;
	struct silence_scope scope;
	const char *span, *why; /* of --for and --why */
	uint64_t span_ms;
	uint64_t id;
	bool all; /* list: those that are over, too */
};

/* ---- list ----------------------------------------------------------------- */

struct listing {
	int64_t now_us;
	bool all;
	unsigned count;
};

static void print_term(struct strbuf *line, const char *key, const char *pattern)
{
	struct strbuf text;

	if (!*pattern)
		return;
	strbuf_init(&text);
	strbuf_addf(line, " %s=%s", key, command_visible(&text, pattern));
	strbuf_fini(&text);
}

static bool print_silence(void *data, const struct store_silence *row)
{
	struct listing *listing = data;
	struct silence silence = {
		.until_us = row->until_us,
		.ended_us = row->ended_us,
	};
	bool holds = silence_holds(&silence, listing->now_us);
	int64_t end_us = row->ended_us ? row->ended_us : row->until_us;
	struct strbuf scope, why;
	char time[32];

	if (!holds && !listing->all)
		return true;
	listing->count++;
	strbuf_init(&scope);
	strbuf_init(&why);
	print_term(&scope, "host", row->host);
	print_term(&scope, "group", row->group);
	print_term(&scope, "rule", row->rule);
	print_term(&scope, "check", row->check);
	print_term(&scope, "vantage", row->vantage);
	printf("%4lld  %s %s %s: %s\n", (long long)row->id, holds ? "until" : "ended",
		clock_format(end_us, time, sizeof time), scope.text ? scope.text : "",
		command_visible(&why, row->why));
	strbuf_fini(&scope);
	strbuf_fini(&why);
	return true;
}

static int list(struct store *store, const struct request *request)
{
	struct listing listing = {clock_wall_us(), request->all, 0};

	if (store_silence_list(store, print_silence, &listing) < 0) {
		log_error("%s", store_last_error(store));
		return STATUS_TROUBLE;
	}
	if (listing.count == 0)
		log_notice("there are no silences");
	return command_flush(STATUS_PASS);
}

/* ---- end ------------------------------------------------------------------ */

static int end(struct store *store, const struct request *request)
{
	int rc = store_silence_end(store, (int64_t)request->id, clock_wall_us());

	if (rc < 0)
		log_error("%s", store_last_error(store));
	return rc == -ENOENT || rc == -EINVAL ? STATUS_USAGE
	       : rc < 0                       ? STATUS_TROUBLE
					      : STATUS_PASS;
}

/* ---- add ------------------------------------------------------------------ */

/* A slip in a pattern shows at once: what the scope would have covered in the last
 * scan. */
static void print_covered(
	struct store *store, const char *vantage, const struct silence_scope *scope)
{
	struct silence silence = {.id = 1, .scope = *scope};
	struct snapshot snapshot = {.scan = 0};
	struct store_scan last;
	uint32_t *numbers = NULL, covered = 0;

	if (store_scan_last(store, vantage, &last) < 0)
		return;
	if (snapshot_load(store, &last, SNAPSHOT_STATES, &snapshot) == 0 &&
		mute_flows(&silence, 1, &snapshot, &numbers) == 0) {
		for (uint32_t i = 0; numbers && i < snapshot.n_flows; i++)
			covered += numbers[i] != 0;
		if (covered == 0)
			log_warning(
				"the silence covers none of the %u flows of scan %lld%s",
				snapshot.n_flows, (long long)snapshot.scan,
				scope->rule ? " by itself: a flow of several rules "
					      "needs a silence of each rule"
					    : "");
		else
			log_notice("the silence covers %u of the %u flows of scan %lld",
				covered, snapshot.n_flows, (long long)snapshot.scan);
	}
	free(numbers);
	snapshot_fini(&snapshot);
}

static const char *or_any(const char *pattern)
{
	return pattern ? pattern : "";
}

static int add(struct store *store, const char *vantage, const struct request *request)
{
	const struct silence_scope *scope = &request->scope;
	int64_t now_us = clock_wall_us();
	struct store_silence silence = {
		.vantage = or_any(scope->vantage),
		.host = or_any(scope->host),
		.group = or_any(scope->group),
		.rule = or_any(scope->rule),
		.check = or_any(scope->check),
		.from_us = now_us,
		.until_us = now_us + (int64_t)request->span_ms * 1000,
		.why = request->why,
	};
	char until[32];
	int64_t id;

	if (store_silence_add(store, &silence, &id) < 0) {
		log_error("%s", store_last_error(store));
		return STATUS_TROUBLE;
	}
	printf("silence %lld until %s\n", (long long)id,
		clock_format(silence.until_us, until, sizeof until));
	print_covered(store, vantage, scope);
	return command_flush(STATUS_PASS);
}

/* ---- the words ------------------------------------------------------------ */

static bool is_good_text(const char *text, size_t limit)
{
	size_t left = strlen(text), n;
	uint32_t code;

	if (left == 0 || left > limit)
		return false;
	for (; left; text += n, left -= n) {
		n = utf8_read(text, left, &code);
		if (n == 0)
			return false;
	}
	return true;
}

static int parse_add(
	const struct command *self, int n, char **words, struct request *request)
{
	for (int i = 0; i < n; i++) {
		const char *wrong =
			is_good_text(words[i], MAX_WHY)
				? silence_scope_add(&request->scope, words[i])
				: "is too long, or not valid UTF-8";
		if (wrong)
			return command_usage(self, "'%s' %s", words[i], wrong);
	}
	if (!request->span || !duration_parse(request->span, &request->span_ms) ||
		request->span_ms == 0)
		return command_usage(self, "--for takes a duration such as 2h");
	if (!request->why || !is_good_text(request->why, MAX_WHY))
		return command_usage(
			self, "--why takes a reason of 1 to %d bytes, UTF-8", MAX_WHY);
	return STATUS_PASS;
}

static int parse(
	const struct command *self, int n, char **words, struct request *request)
{
	if (n == 0)
		return command_usage(self, "expected a SCOPE; '*' covers everything");
	if (strcmp(words[0], "list") != 0 && strcmp(words[0], "end") != 0)
		return parse_add(self, n, words, request);
	if (request->span || request->why)
		return command_usage(self,
			"--for and --why need a SCOPE and can't be combined with %s",
			words[0]);
	if (words[0][0] == 'l') {
		request->verb = SILENCE_LIST;
		return n == 1 ? STATUS_PASS
			      : command_usage(self, "list takes no operand");
	}
	request->verb = SILENCE_END;
	if (n != 2 || !number_parse(words[1], UINT32_MAX, &request->id))
		return command_usage(self, "end takes one ID, a number");
	return STATUS_PASS;
}

static int carry_out(
	struct store *store, const char *vantage, const struct request *request)
{
	switch (request->verb) {
	case SILENCE_LIST:
		return list(store, request);
	case SILENCE_END:
		return end(store, request);
	default:
		return add(store, vantage, request);
	}
}

static int run(const struct command *self, int argc, char **argv)
{
	struct common_options options;
	struct request request = {.verb = SILENCE_ADD};
	const struct verb_option verb_options[] = {
		{"for", NULL, &request.span},
		{"why", NULL, &request.why},
		{"all", &request.all, NULL},
		{NULL, NULL, NULL},
	};
	int at = options_parse(self, argc, argv, verb_options, &options);
	struct store *store;
	int status;

	if (at < 0)
		return options_status(at);
	status = parse(self, argc - at, argv + at, &request);
	if (status != STATUS_PASS)
		return status;
	status = options_open_store(&options,
		request.verb == SILENCE_LIST ? STORE_READ : STORE_NOTE, &store);
	if (status != STATUS_PASS)
		return status;
	status = carry_out(store, options.vantage, &request);
	store_close(store);
	return status;
}

const struct command silence_command = {
	.name = "silence",
	.summary = "Record changes as usual, but don't report them for a while",
	.usage = "SCOPE --for DURATION --why TEXT | list [--all] | end ID",
	.help = "SCOPE is one word or several, which must all match: host=PATTERN (or the\n"
		"pattern alone), group=, rule=, check=, vantage=. In a PATTERN '*' stands for any\n"
		"characters and '?' for one.\n"
		"      --for DURATION  how long, such as 2h or 1h30m\n"
		"      --why TEXT      the reason, for later readers\n"
		"      --all           also list silences that have ended\n",
	.run = run,
};
