/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/hosts.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct hosts_entry {
	const char *name;
	struct net_address address;
	size_t order;
};

void hosts_init(struct hosts *hosts, const char *path)
{
	*hosts = (struct hosts){.path = path};
}

static void forget(struct hosts *hosts)
{
	free(hosts->entries);
	free(hosts->text);
	hosts->entries = NULL;
	hosts->text = NULL;
	hosts->count = 0;
}

void hosts_fini(struct hosts *hosts)
{
	forget(hosts);
}

static bool add_entry(
	struct hosts *hosts, const char *name, const struct net_address *a)
{
	if ((hosts->count & (hosts->count - 1)) == 0) {
		size_t capacity = hosts->count ? hosts->count * 2 : 1;
		struct hosts_entry *entries =
			realloc(hosts->entries, capacity * sizeof *entries);
		if (!entries)
			return false;
		hosts->entries = entries;
	}
	hosts->entries[hosts->count] = (struct hosts_entry){
		.name = name, .address = *a, .order = hosts->count};
	hosts->count++;
	return true;
}

/* "ADDRESS NAME...", a comment cut off. What is no such line is passed over. */
static bool read_line(struct hosts *hosts, char *line)
{
	struct net_address address;
	char *rest = NULL;
	line[strcspn(line, "#")] = '\0';
	char *word = strtok_r(line, " \t\r", &rest);
	if (!word || !net_address_parse(word, &address))
		return true;
	while ((word = strtok_r(NULL, " \t\r", &rest)))
		if (!add_entry(hosts, word, &address))
			return false;
	return true;
}

static int compare_entries(const void *a, const void *b)
{
	const struct hosts_entry *ea = a, *eb = b;
	int order = strcasecmp(ea->name, eb->name);
	return order ? order : (ea->order > eb->order) - (ea->order < eb->order);
}

/* The text of the file, NUL terminated; NULL when it can't be read. */
static char *read_text(int fd, off_t bytes)
{
	size_t size = bytes < HOSTS_MAX_BYTES ? (size_t)bytes : HOSTS_MAX_BYTES;
	char *text = malloc(size + 1);
	size_t length = 0;
	while (text && length < size) {
		ssize_t got = read(fd, text + length, size - length);
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	if (text)
		text[length] = '\0';
	return text;
}

static void load(struct hosts *hosts, int fd, const struct stat *st)
{
	char *rest = NULL;
	forget(hosts);
	hosts->changed = st->st_mtim;
	hosts->size = st->st_size;
	hosts->inode = st->st_ino;
	hosts->text = read_text(fd, st->st_size);
	if (!hosts->text)
		return;
	for (char *line = strtok_r(hosts->text, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest))
		if (!read_line(hosts, line))
			break;
	if (hosts->count > 0)
		qsort(hosts->entries, hosts->count, sizeof *hosts->entries,
			compare_entries);
}

static bool is_current(const struct hosts *hosts, const struct stat *st)
{
	return hosts->text && hosts->inode == st->st_ino &&
	       hosts->size == st->st_size &&
	       hosts->changed.tv_sec == st->st_mtim.tv_sec &&
	       hosts->changed.tv_nsec == st->st_mtim.tv_nsec;
}

static void refresh(struct hosts *hosts)
{
	struct stat st;
	if (stat(hosts->path, &st) < 0 || !S_ISREG(st.st_mode)) {
		forget(hosts);
		return;
	}
	if (is_current(hosts, &st))
		return;
	int fd = open(hosts->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		forget(hosts);
		return;
	}
	load(hosts, fd, &st);
	close(fd);
}

/* The first entry that is not before `name`. */
static size_t lower_bound(const struct hosts *hosts, const char *name)
{
	size_t low = 0, high = hosts->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcasecmp(hosts->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t hosts_find(struct hosts *hosts, const char *name, struct net_address *addresses,
	size_t max)
{
	char plain[256];
	size_t length = strlen(name), found = 0;
	if (length > 0 && name[length - 1] == '.')
		length--;
	if (length == 0 || length >= sizeof plain)
		return 0;
	memcpy(plain, name, length);
	plain[length] = '\0';
	refresh(hosts);
	for (size_t i = lower_bound(hosts, plain);
		i < hosts->count && strcasecmp(hosts->entries[i].name, plain) == 0; i++)
		if (found++ < max)
			addresses[found - 1] = hosts->entries[i].address;
	return found;
}
