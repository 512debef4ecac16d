/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/commands/side.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"

const char *side_text(
	int64_t id, const char *vantage, int64_t time_us, char *buf, size_t size)
{
	char time[32];

	snprintf(buf, size, "scan %lld%s%s, %s", (long long)id, vantage ? " from " : "",
		vantage ? vantage : "", clock_format(time_us, time, sizeof time));
	return buf;
}

/* A number and a baseline are the same scan wherever one asks from. */
static bool depends_on_vantage(const char *spec)
{
	int64_t time_us;

	return strcmp(spec, "last") == 0 || strcmp(spec, "now") == 0 ||
	       strcmp(spec, "previous") == 0 || clock_parse(spec, &time_us);
}

static void suggest_vantage(struct store *store, const char *vantage)
{
	struct store_scan any;
	struct strbuf name;

	if (store_scan_last(store, NULL, &any) < 0 || strcmp(any.vantage, vantage) == 0)
		return;
	strbuf_init(&name);
	log_error(
		"the newest scan is from vantage '%s'; to choose another, use --vantage",
		command_visible(&name, any.vantage));
	strbuf_fini(&name);
}

static bool tell_missing(
	struct store *store, int rc, const char *vantage, const char *spec)
{
	struct strbuf name;

	if (rc != -ENOENT) {
		log_error("%s", store_last_error(store));
		return false;
	}
	if (!depends_on_vantage(spec))
		vantage = NULL;
	strbuf_init(&name);
	log_error("there is no complete scan '%s'%s%s%s: write a scan number, a time "
		  "such as 2026-01-31T12:00:00Z, a baseline, 'last' or 'previous'",
		spec, vantage ? " from vantage '" : "",
		vantage ? command_visible(&name, vantage) : "", vantage ? "'" : "");
	strbuf_fini(&name);
	if (vantage)
		suggest_vantage(store, vantage);
	return false;
}

/* The complete scan before the last one, of the same vantage. */
struct previous_search {
	char vantage[256];
	int64_t before;
	int64_t found;
};

static bool match_previous(void *data, const struct store_scan *scan)
{
	struct previous_search *search = data;

	if (scan->status != STORE_SCAN_COMPLETE || scan->id >= search->before ||
		strcmp(scan->vantage, search->vantage) != 0)
		return true;
	search->found = scan->id;
	return false;
}

static int find_previous(
	struct store *store, const char *vantage, struct store_scan *scan)
{
	struct previous_search search = {.found = 0};
	int rc = store_scan_last(store, vantage, scan);

	if (rc < 0)
		return rc;
	snprintf(search.vantage, sizeof search.vantage, "%s", scan->vantage);
	search.before = scan->id;
	rc = store_scan_list(store, UINT_MAX, match_previous, &search);
	if (rc < 0)
		return rc;
	return search.found ? store_scan_get(store, search.found, scan) : -ENOENT;
}

static int find_scan(struct store *store, const char *vantage, const char *spec,
	struct store_scan *scan)
{
	struct store_baseline baseline;
	uint64_t number;
	int64_t time_us;
	int rc;

	if (strcmp(spec, "last") == 0 || strcmp(spec, "now") == 0)
		return store_scan_last(store, vantage, scan);
	if (strcmp(spec, "previous") == 0)
		return find_previous(store, vantage, scan);
	if (number_parse(spec, INT64_MAX, &number)) {
		rc = store_scan_get(store, (int64_t)number, scan);
		return rc == 0 && scan->status != STORE_SCAN_COMPLETE ? -ENOENT : rc;
	}
	if (clock_parse(spec, &time_us))
		return store_scan_at(store, vantage, time_us, scan);
	rc = store_baseline_get(store, spec, &baseline);
	return rc < 0 ? rc : store_scan_get(store, baseline.scan, scan);
}

bool side_find_scan(struct store *store, const char *vantage, const char *spec,
	struct store_scan *scan)
{
	int rc = find_scan(store, vantage, spec, scan);

	return rc == 0 ? true : tell_missing(store, rc, vantage, spec);
}

/* Splits FILE[@SPEC]; NULL when there is no such file. free() the result. */
static char *file_of(const char *spec, const char **rest)
{
	struct stat info;
	const char *at = strrchr(spec, '@');
	char *path = strdup(spec);

	*rest = "last";
	if (path && stat(path, &info) == 0 && S_ISREG(info.st_mode))
		return path;
	if (path && at && at > spec) {
		path[at - spec] = '\0';
		*rest = at + 1;
		if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
			return path;
	}
	free(path);
	return NULL;
}

bool side_names_file(const char *spec)
{
	const char *rest;
	char *path = file_of(spec, &rest);

	free(path);
	return path != NULL;
}

static struct store *open_file(const char *path)
{
	struct store *store = NULL;
	struct store_error error;

	if (store_open(path, STORE_READ, &store, &error) < 0)
		log_error("%s", error.text);
	return store;
}

bool side_open(struct store *store, const struct common_options *options,
	const char *spec, struct side *out)
{
	const char *rest = spec;
	char *path = file_of(spec, &rest);
	const char *vantage;

	*out = (struct side){.store = store};
	if (path) {
		out->store = open_file(path);
		out->owned = true;
		free(path);
	} else {
		rest = spec;
	}
	if (!out->store)
		return false;
	vantage = options->vantage_given || !out->owned ? options->vantage : NULL;
	if (!side_find_scan(out->store, vantage, rest, &out->scan)) {
		side_fini(out);
		return false;
	}
	/* The store's text lives only until its next call. */
	out->vantage = strdup(out->scan.vantage);
	out->scan.vantage = out->vantage;
	if (!out->vantage)
		side_fini(out);
	return out->vantage != NULL;
}

void side_fini(struct side *side)
{
	if (side->owned)
		store_close(side->store);
	free(side->vantage);
	*side = (struct side){0};
}
