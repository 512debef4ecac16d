/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store costs: bytes a flow and scan for a fleet that does not change, the
 * time of a record, of a diff and of a listing. Prints a table; nothing here is a test.
 *
 *     bench.store [--quick] [FOLDER]      the folder for the database, default /tmp
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/size.h"
#include "store/store.h"
#include "store/upkeep.h"

enum {
	FLOWS_A_HOST = 10,
	DAY_SCANS = 288
};

static const char *const checks[FLOWS_A_HOST] = {"tcp/135", "tcp/139", "tcp/389",
	"tcp/443", "tcp/445", "tcp/636", "tcp/3268", "tcp/3389", "tcp/5504",
	"tcp/5985"};

/* ---- a fleet ----------------------------------------------------------------- */

struct fleet {
	uint32_t n_flows, row, host;
	uint32_t changed_percent; /* of flows that are filtered in this scan */
	bool times;               /* round-trip times are seen */
	struct random_state random;
	char host_name[40], row_name[40], addresses[40];
};

static const char *name_host(char *name, size_t size, uint32_t host)
{
	snprintf(name, size, "rdsh%06u.site%02u.corp.example", host, host % 40);
	return name;
}

static int next_row(void *data, struct store_row *row)
{
	struct fleet *fleet = data;
	uint32_t i = fleet->row;
	bool changed;

	if (i == fleet->n_flows)
		return 0;
	fleet->row++;
	if (i % FLOWS_A_HOST == 0)
		name_host(fleet->row_name, sizeof fleet->row_name, i / FLOWS_A_HOST);
	changed = i * UINT64_C(7919) % 100 < fleet->changed_percent;
	*row = (struct store_row){
		.host = fleet->row_name,
		.check = checks[i % FLOWS_A_HOST],
		.state = changed ? "filtered" : "open",
		.reason = changed ? "timeout" : "syn-ack",
		.phase = "connect",
		.identity = "",
		.evidence = "",
		.expect = "open",
		.verdict = changed ? "fail" : "pass",
		.rules = "[\"session hosts to everything they need\"]",
		.measured = true,
		.rtt_us = fleet->times ? 200 + random_below(&fleet->random, 5000) : 0,
	};
	return 1;
}

static int next_host(void *data, struct store_host *host)
{
	struct fleet *fleet = data;
	uint32_t i = fleet->host;

	if (i == fleet->n_flows / FLOWS_A_HOST)
		return 0;
	fleet->host++;
	snprintf(fleet->addresses, sizeof fleet->addresses, "[\"10.%u.%u.%u\"]",
		i >> 16 & 255, i >> 8 & 255, i & 255);
	*host = (struct store_host){
		.name = name_host(fleet->host_name, sizeof fleet->host_name, i),
		.groups = "[\"all\",\"session_hosts\"]",
		.addresses = fleet->addresses,
	};
	return 1;
}

/* ---- measuring --------------------------------------------------------------- */

static void die(const char *what, const char *text)
{
	fprintf(stderr, "bench.store: %s: %s\n", what, text);
	exit(1);
}

static struct store *open_store(const char *path)
{
	struct store_error error;
	struct store *store;

	if (store_open(path, STORE_WRITE, &store, &error) < 0)
		die("open", error.text);
	return store;
}

static void remove_store(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
	char name[512];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

static double file_size(const char *path)
{
	struct stat info;

	return stat(path, &info) < 0 ? 0 : (double)info.st_size;
}

/* Seconds on the wall, and of the processor: apart on a busy machine or a slow disk. */
struct span {
	double wall, cpu;
};

static struct span now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (struct span){
		.wall = (double)clock_monotonic_us() / 1e6,
		.cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
	};
}

static struct span since(struct span start)
{
	struct span end = now();

	return (struct span){end.wall - start.wall, end.cpu - start.cpu};
}

static void print_span(const char *what, struct span span)
{
	printf("  %-40s %8.3f s  (processor %.3f s)\n", what, span.wall, span.cpu);
}

/* Records one scan; returns its number, and the time it took. */
static int64_t record(
	struct store *store, struct fleet *fleet, int64_t at_us, struct span *span)
{
	struct store_record what = {
		.totals = {.finished_us = at_us, .flows = fleet->n_flows},
		.next = next_row,
		.next_data = fleet,
		.next_host = next_host,
		.next_host_data = fleet,
	};
	struct span start;

	fleet->row = fleet->host = 0;
	if (store_scan_begin(store, "bench", at_us, &what.scan) < 0)
		die("begin", store_last_error(store));
	start = now();
	if (store_scan_record(store, &what) < 0)
		die("record", store_last_error(store));
	*span = since(start);
	return what.scan;
}

static bool count_change(void *data, const struct store_change *change)
{
	(void)change;
	++*(uint64_t *)data;
	return true;
}

static bool count_flow(void *data, const struct store_flow *flow)
{
	(void)flow;
	++*(uint64_t *)data;
	return true;
}

static void print_changes(
	struct store *store, const char *what, int64_t a, int64_t b, uint64_t expected)
{
	struct span start = now();
	uint64_t count = 0;

	if (store_changes(store, a, b, count_change, &count) < 0)
		die("changes", store_last_error(store));
	print_span(what, since(start));
	if (count != expected)
		die(what, "not the changes that were made");
}

static void print_flows(
	struct store *store, const char *what, int64_t id, uint64_t expected)
{
	struct span start = now();
	uint64_t count = 0;

	if (store_flows_at(store, id, count_flow, &count) < 0)
		die("flows", store_last_error(store));
	print_span(what, since(start));
	if (count != expected)
		die(what, "not all flows");
}

static bool on_problem(void *data, const char *problem)
{
	(void)data;
	die("check", problem);
	return false;
}

static void print_upkeep(struct store *store, const char *path)
{
	struct store_sizes sizes;
	struct span start = now();
	char copy[300];

	if (store_check(store, on_problem, NULL) < 0)
		die("check", store_last_error(store));
	print_span("check", since(start));
	snprintf(copy, sizeof copy, "%s-copy", path);
	start = now();
	if (store_backup(store, copy, NULL, NULL) < 0)
		die("backup", store_last_error(store));
	print_span("backup", since(start));
	unlink(copy);
	start = now();
	if (store_compact(store, &sizes) < 0)
		die("compact", store_last_error(store));
	print_span("compact", since(start));
}

/* ---- what is shown ----------------------------------------------------------- */

static void show_day(const char *path, uint32_t n_flows)
{
	struct fleet fleet = {.n_flows = n_flows, .times = true};
	/* A whole number of hours since 1970. */
	const int64_t midnight = INT64_C(1700006400) * 1000000;
	struct store *store;
	struct span first, span, mean = {0}, longest = {0};
	double size;

	remove_store(path);
	store = open_store(path);
	random_seed(&fleet.random, 1);
	record(store, &fleet, midnight - 3600 * INT64_C(1000000), &first);
	store_close(store);
	size = file_size(path);
	store = open_store(path);
	for (int i = 0; i < DAY_SCANS; i++) {
		record(store, &fleet, midnight + INT64_C(300000000) * i, &span);
		mean.wall += span.wall / DAY_SCANS;
		mean.cpu += span.cpu / DAY_SCANS;
		longest = span.wall > longest.wall ? span : longest;
	}
	store_close(store);
	printf("%u flows, unchanged, every 5 minutes for a day\n", n_flows);
	printf("  %-40s %8.1f bytes a flow\n", "file after the first scan",
		size / n_flows);
	printf("  %-40s %8.3f bytes\n", "growth by flow and scan",
		(file_size(path) - size) / n_flows / DAY_SCANS);
	print_span("record: first", first);
	print_span("record: unchanged, mean", mean);
	print_span("record: unchanged, longest", longest);
	remove_store(path);
}

static void show_record(struct store *store, struct fleet *fleet, const char *what,
	uint32_t percent, int64_t *id)
{
	struct span span;

	fleet->changed_percent = percent;
	*id = record(store, fleet, (*id + 1) * 300 * INT64_C(1000000), &span);
	print_span(what, span);
}

static void show_size(const char *path, uint32_t n_flows)
{
	struct fleet fleet = {.n_flows = n_flows, .times = true};
	struct store *store;
	int64_t id = 0;

	remove_store(path);
	store = open_store(path);
	random_seed(&fleet.random, 1);
	printf("%u flows\n", n_flows);
	show_record(store, &fleet, "record: first", 0, &id);
	show_record(store, &fleet, "record: unchanged", 0, &id);
	show_record(store, &fleet, "record: 1 % changed", 1, &id);
	show_record(store, &fleet, "record: 49 % more changed", 50, &id);
	show_record(store, &fleet, "record: unchanged after that", 50, &id);
	print_changes(store, "diff: 1 % changed", 2, 3, n_flows / 100);
	print_changes(store, "diff: 49 % changed", 3, 4, (uint64_t)n_flows * 49 / 100);
	print_changes(store, "diff: 50 % changed, over 3 scans", 2, 5, n_flows / 2);
	print_changes(store, "diff: nothing changed", 4, 5, 0);
	print_flows(store, "flows at the newest scan", 5, n_flows);
	print_flows(store, "flows at the first scan", 1, n_flows);
	printf("  %-40s %8.1f bytes a flow\n", "file", file_size(path) / n_flows);
	print_upkeep(store, path);
	store_close(store);
	remove_store(path);
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	const char *folder = argc > 1 + quick ? argv[1 + quick] : "/tmp";
	struct rusage usage;
	char path[256];

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(path, sizeof path, "%s/bench-store-%ld.db", folder, (long)getpid());
	show_day(path, quick ? 10000 : 100000);
	show_size(path, quick ? 100000 : 1000000);
	getrusage(RUSAGE_SELF, &usage);
	printf("most memory: %ld MB\n", usage.ru_maxrss / 1024);
	return 0;
}
