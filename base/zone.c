/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cursor.h"
#include "base/zone_rule.h"

enum {
	/* Far above the few kilobytes that zones have. */
	MAX_FILE = 256 << 10,
	MAX_CHANGES = 16384,
	MAX_TYPES = 256,
	MAX_NAME = 64,
	MAX_OFFSET_S = 26 * 3600, /* RFC 8536, 3.2: what a reader may rely on */
	HEADER_RESERVED = 15,
	TYPE_SIZE = 6,
};

struct zone_step {
	int64_t from_s; /* UTC */
	int32_t offset_s;
};

struct zone {
	int32_t first_s; /* before all steps */
	const struct zone_step *steps;
	size_t n_steps;
	bool has_rule; /* for what comes after the last step */
	struct zone_rule rule;
};

/* ---- reading a file's bytes -------------------------------------------------- */

/* In the order they stand in the header. */
struct header {
	uint8_t version;
	uint32_t n_ut, n_standard, n_leaps, n_times, n_types, n_chars;
};

static bool read_header(struct cursor *in, struct header *out)
{
	char magic[4];

	cursor_bytes(in, magic, sizeof magic);
	out->version = cursor_u8(in);
	cursor_skip(in, HEADER_RESERVED);
	out->n_ut = cursor_u32be(in);
	out->n_standard = cursor_u32be(in);
	out->n_leaps = cursor_u32be(in);
	out->n_times = cursor_u32be(in);
	out->n_types = cursor_u32be(in);
	out->n_chars = cursor_u32be(in);
	return !in->failed && memcmp(magic, "TZif", sizeof magic) == 0 &&
	       out->n_times <= MAX_CHANGES && out->n_types >= 1 &&
	       out->n_types <= MAX_TYPES && out->n_leaps == 0 &&
	       out->n_chars <= MAX_FILE && out->n_standard <= MAX_TYPES &&
	       out->n_ut <= MAX_TYPES;
}

/* The part of version 1 holds the same in 32 bits. */
static void skip_version_1(struct cursor *in, const struct header *header)
{
	cursor_skip(in, header->n_times * (size_t)(4 + 1) +
				header->n_types * (size_t)TYPE_SIZE + header->n_chars +
				header->n_standard + header->n_ut);
}

static int64_t read_i64be(struct cursor *in)
{
	uint64_t high = cursor_u32be(in);

	return (int64_t)(high << 32 | cursor_u32be(in));
}

static bool read_types(struct cursor *in, const struct header *header, int32_t *offsets)
{
	for (uint32_t i = 0; i < header->n_types; i++) {
		offsets[i] = (int32_t)cursor_u32be(in);
		cursor_skip(in, TYPE_SIZE - 4);
		if (offsets[i] < -MAX_OFFSET_S || offsets[i] > MAX_OFFSET_S)
			return false;
	}
	return !in->failed;
}

/* Times, then as many types, then what the types mean. */
static int read_steps(struct cursor *in, const struct header *header,
	struct arena *arena, struct zone *zone)
{
	struct zone_step *steps =
		arena_calloc(arena, header->n_times + 1, sizeof *steps);
	int32_t offsets[MAX_TYPES] = {0};

	if (!steps)
		return -ENOMEM;
	for (uint32_t i = 0; i < header->n_times; i++) {
		steps[i].from_s = read_i64be(in);
		if (i > 0 && steps[i].from_s <= steps[i - 1].from_s)
			return -EINVAL;
	}
	for (uint32_t i = 0; i < header->n_times; i++) {
		steps[i].offset_s = cursor_u8(in);
		if ((uint32_t)steps[i].offset_s >= header->n_types)
			return -EINVAL;
	}
	if (!read_types(in, header, offsets))
		return -EINVAL;
	for (uint32_t i = 0; i < header->n_times; i++)
		steps[i].offset_s = offsets[steps[i].offset_s];
	zone->first_s = offsets[0];
	zone->steps = steps;
	zone->n_steps = header->n_times;
	return 0;
}

/* Between two line feeds; nothing between them: the last step applies indefinitely. */
static bool read_footer(struct cursor *in, struct zone *zone)
{
	const char *start, *end;

	if (cursor_u8(in) != '\n' || in->failed)
		return false;
	start = (const char *)in->data + in->at;
	end = memchr(start, '\n', cursor_left(in));
	if (!end)
		return false;
	zone->has_rule = end > start;
	return !zone->has_rule ||
	       zone_rule_parse(start, (size_t)(end - start), &zone->rule);
}

static int read_zone(struct cursor *in, struct arena *arena, struct zone *zone)
{
	struct header header;
	int rc;

	if (!read_header(in, &header) || header.version < '2')
		return -EINVAL;
	skip_version_1(in, &header);
	if (!read_header(in, &header))
		return -EINVAL;
	rc = read_steps(in, &header, arena, zone);
	if (rc < 0)
		return rc;
	cursor_skip(in, (size_t)header.n_chars + header.n_standard + header.n_ut);
	return read_footer(in, zone) ? 0 : -EINVAL;
}

int zone_parse(const void *data, size_t size, struct arena *arena, struct zone **out)
{
	struct zone *zone = arena_calloc(arena, 1, sizeof *zone);
	struct cursor in;
	int rc;

	if (!zone)
		return -ENOMEM;
	cursor_init(&in, data, size);
	rc = read_zone(&in, arena, zone);
	if (rc == 0)
		*out = zone;
	return rc;
}

/* ---- finding the file ---------------------------------------------------------- */

/* A name stays inside the folder of zones. */
static bool is_name(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_+-/";

	return *name && *name != '/' && strlen(name) <= MAX_NAME &&
	       strspn(name, allowed) == strlen(name);
}

static int read_all(FILE *file, struct arena *arena, struct zone **out)
{
	char *data = malloc(MAX_FILE);
	size_t size;
	int rc;

	if (!data)
		return -ENOMEM;
	size = fread(data, 1, MAX_FILE, file);
	rc = ferror(file) ? -EIO : zone_parse(data, size, arena, out);
	free(data);
	return rc;
}

static int load_file(const char *path, struct arena *arena, struct zone **out)
{
	struct stat about;
	FILE *file;
	int rc;

	if (stat(path, &about) < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (!S_ISREG(about.st_mode))
		return -ENOENT;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	rc = read_all(file, arena, out);
	fclose(file);
	return rc;
}

static int make_utc(struct arena *arena, struct zone **out)
{
	*out = arena_calloc(arena, 1, sizeof **out);
	return *out ? 0 : -ENOMEM;
}

int zone_load(const char *name, struct arena *arena, struct zone **out)
{
	char path[sizeof ZONE_FOLDER + 1 + MAX_NAME];
	int rc;

	if (!name) {
		rc = load_file("/etc/localtime", arena, out);
		return rc == -ENOENT ? make_utc(arena, out) : rc;
	}
	if (strcmp(name, "UTC") == 0)
		return make_utc(arena, out);
	if (!is_name(name))
		return -ENOENT;
	snprintf(path, sizeof path, "%s/%s", ZONE_FOLDER, name);
	return load_file(path, arena, out);
}

/* ---- asking -------------------------------------------------------------------- */

/* The last step that has come by then; n_steps > 0 and the first one has. */
static const struct zone_step *step_at(const struct zone *zone, int64_t utc_s)
{
	size_t low = 0, high = zone->n_steps;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (zone->steps[middle].from_s <= utc_s)
			low = middle;
		else
			high = middle;
	}
	return &zone->steps[low];
}

int32_t zone_offset_s(const struct zone *zone, int64_t utc_s)
{
	size_t n = zone->n_steps;

	if (zone->has_rule && (n == 0 || utc_s >= zone->steps[n - 1].from_s))
		return zone_rule_offset_s(&zone->rule, utc_s);
	if (n == 0 || utc_s < zone->steps[0].from_s)
		return zone->first_s;
	return step_at(zone, utc_s)->offset_s;
}

int64_t zone_local_s(const struct zone *zone, int64_t utc_s)
{
	return utc_s + zone_offset_s(zone, utc_s);
}
