/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once over every file of the folders named as arguments. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	/* An exact allocation lets AddressSanitizer see a read past the end. */
	fseek(file, 0, SEEK_END);
	long end = ftell(file);
	rewind(file);
	size_t size = end > 0 ? (size_t)end : 0;
	uint8_t *data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, file) != size) {
		free(data);
		fclose(file);
		return -1;
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

static int run_folder(const char *folder)
{
	int files = 0;
	DIR *dir = opendir(folder);
	if (!dir)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir));) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (run_file(path) < 0) {
			fprintf(stderr, "%s: can't be read\n", path);
			files = -1;
			break;
		}
		files++;
	}
	closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int files = run_folder(argv[i]);
		if (files <= 0) {
			fprintf(stderr, "%s: no corpus to run\n", argv[i]);
			return 1;
		}
		printf("%s: %d inputs\n", argv[i], files);
	}
	return argc > 1 ? 0 : 1;
}
