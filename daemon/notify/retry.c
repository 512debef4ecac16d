/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/retry.h"

uint32_t retry_delay_ms(uint32_t attempts, uint32_t chance, uint64_t asked_ms)
{
	uint64_t full = RETRY_FIRST_MS;
	uint64_t delay;

	for (uint32_t i = 1; i < attempts && full < RETRY_MOST_MS; i++)
		full *= 2;
	if (full > RETRY_MOST_MS)
		full = RETRY_MOST_MS;
	delay = full - full * chance / UINT32_MAX / 2;
	if (delay < asked_ms)
		delay = asked_ms < RETRY_MOST_MS ? asked_ms : RETRY_MOST_MS;
	return (uint32_t)delay;
}
