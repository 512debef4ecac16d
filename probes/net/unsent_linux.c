/* SPDX-License-Identifier: Apache-2.0 */
/* By itself, since the kernel's <linux/tcp.h>, which has these fields, and the C
 * library's <netinet/tcp.h>, which has not, can't be included together. */
#include "probes/net/unsent.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A first transmission that IP refuses stays in the queue and is tried again without
 * being counted. tcpi_snd_wnd is there since Linux 5.4, and 0 before. */
bool unsent_without_cause(int fd)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof info;

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
	       info.tcpi_notsent_bytes > 0 && info.tcpi_unacked == 0 &&
	       info.tcpi_snd_wnd >= info.tcpi_notsent_bytes;
}
