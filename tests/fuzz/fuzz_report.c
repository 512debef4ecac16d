/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and evidence from anywhere, through every writer: what comes out has no
 * character that a terminal obeys, and JSON lines are JSON. The first line is the
 * host's name, the rest the evidence.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/render/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
	if (!claim)
		abort();
}

static void check_bytes(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];
		must(c == '\n' || (c == '\r' && text[i + 1] == '\n') ||
			(c >= 0x20 && c != 0x7f));
		must(c != 0xc2 || (unsigned char)text[i + 1] >= 0xa0);
	}
}

static void check_json(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) && *line) {
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		must(json_is_object(object));
		json_decref(object);
	}
}

static void write_report(
	const struct report_ops *ops, const char *host, const char *evidence)
{
	struct report report;
	char *text = NULL;
	size_t written = 0;
	struct report_options options = {
		.out = open_memstream(&text, &written), .width = 80};
	struct report_result result = {
		.vantage = "v",
		.host = host,
		.check = host,
		.rules = &host,
		.n_rules = 1,
		.state = STATE_FILTERED,
		.reason = REASON_TIMEOUT,
		.expect = EXPECT_OPEN,
		.verdict = VERDICT_FAIL,
		.held_by = host,
		.evidence = evidence,
	};

	must(options.out);
	must(report_begin(&report, ops, &options, "scan") == 0);
	must(report_result(&report, &result) == 0);
	must(report_end(&report) == 0);
	fclose(options.out);
	check_bytes(text, written);
	if (strcmp(ops->name, "jsonl") == 0)
		check_json(text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *host = calloc(1, size + 2), *evidence;

	must(host);
	memcpy(host, data, size);
	evidence = strchr(host, '\n');
	if (evidence)
		*evidence++ = '\0';
	for (size_t i = 0; report_formats[i]; i++)
		write_report(report_formats[i], host, evidence);
	free(host);
	return 0;
}
