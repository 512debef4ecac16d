/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a program, it lets the file in HUNG_DISK be on a disk that never
 * answers: what is written to it gets there, and is then waited for without end. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int fd)
{
	const char *path = getenv("HUNG_DISK");
	struct stat hung, this;

	while (path && stat(path, &hung) == 0 && fstat(fd, &this) == 0 &&
		hung.st_ino == this.st_ino && hung.st_dev == this.st_dev)
		pause();
	return (int)syscall(SYS_fdatasync, fd);
}
