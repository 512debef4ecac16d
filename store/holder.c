/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps a file locked, as far as Linux tells: proc(5), "/proc/locks". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "store/internal.h"

/* What a line says of the file when it is locked for writing: the process; else 0.
 * "1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 120 120" */
static long holder_in(const char *line, const char *file)
{
	static const char mark[] = " WRITE ";
	const char *at = strstr(line, mark);
	char *end;
	long pid;

	if (!at || !strstr(line, " POSIX "))
		return 0;
	pid = strtol(at + strlen(mark), &end, 10);
	if (pid == (long)getpid() || strncmp(end, file, strlen(file)) != 0)
		return 0;
	return pid > 0 ? pid : 0;
}

static long find_holder(FILE *locks, const struct stat *info)
{
	char line[256], file[64];
	long pid = 0;

	snprintf(file, sizeof file, " %02x:%02x:%llu ", major(info->st_dev),
		minor(info->st_dev), (unsigned long long)info->st_ino);
	while (!pid && fgets(line, sizeof line, locks))
		pid = holder_in(line, file);
	return pid;
}

static long holder_of(const struct store *store, const char *suffix)
{
	struct stat info;
	FILE *locks;
	char *path;
	long pid;
	int rc;

	if (asprintf(&path, "%s%s", store->path, suffix) < 0)
		return 0;
	rc = stat(path, &info);
	free(path);
	if (rc < 0)
		return 0;
	locks = fopen("/proc/locks", "re");
	if (!locks)
		return 0;
	pid = find_holder(locks, &info);
	fclose(locks);
	return pid;
}

/* Without what a terminal could take for a command. */
static void read_name(long pid, char *name, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, (int)size, file))
		*name = '\0';
	if (file)
		fclose(file);
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			*name = *name == '\n' ? '\0' : '?';
}

void store_name_holder(const struct store *store, char *buf, size_t size)
{
	char name[32];
	/* Who writes has a lock on the index of the log; who has the file for himself,
	 * on the file. */
	long pid = holder_of(store, "-shm");

	if (!pid)
		pid = holder_of(store, "");
	if (!pid) {
		snprintf(buf, size, "another program");
		return;
	}
	read_name(pid, name, sizeof name);
	if (*name)
		snprintf(buf, size, "process %ld (%s)", pid, name);
	else
		snprintf(buf, size, "process %ld", pid);
}
