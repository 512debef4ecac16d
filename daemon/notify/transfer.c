/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/transfer.h"

#include <errno.h>

enum {
	MAX_ANSWER = 1 << 20 /* bytes of an answer: nobody reads them */
};

int transfer_prepare(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -EIO;
}

int transfer_open(const struct notify_sink *sink, void **state)
{
	(void)sink;
	*state = curl_easy_init();
	return *state ? 0 : -ENOMEM;
}

void transfer_close(void *state)
{
	curl_easy_cleanup(state);
}

static int on_progress(void *data, curl_off_t total_in, curl_off_t in,
	curl_off_t total_out, curl_off_t out)
{
	const struct sink_attempt *attempt = data;

	(void)total_in;
	(void)total_out;
	(void)out;
	return atomic_load(attempt->stop) || in > MAX_ANSWER;
}

static size_t on_data(char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	(void)data;
	return size * count;
}

static void allow_protocols(CURL *curl, const char *protocols)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
#else
	(void)protocols;
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
		(long)(CURLPROTO_HTTP | CURLPROTO_HTTPS | CURLPROTO_SMTP |
			CURLPROTO_SMTPS));
#endif
}

void transfer_begin(CURL *curl, const struct notify_sink *sink,
	struct sink_attempt *attempt, const char *protocols)
{
	curl_easy_reset(curl);
	allow_protocols(curl, protocols);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A lookup that hangs must not hold up the end of the process. */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)sink->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)sink->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, attempt);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
}

void transfer_trust(CURL *curl, const char *ca_file)
{
	if (!ca_file)
		return;
	curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
	/* The folder of the system's certificates would be trusted beside the file. */
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
}

/* What came before the rest of an answer that is too long says enough. */
static bool is_cut_short(CURL *curl, CURLcode code, const struct sink_attempt *attempt)
{
	curl_off_t size = 0;

	curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &size);
	return code == CURLE_ABORTED_BY_CALLBACK && size > MAX_ANSWER &&
	       !atomic_load(attempt->stop);
}

enum sink_result transfer_run(CURL *curl, struct sink_attempt *attempt)
{
	char detail[CURL_ERROR_SIZE] = "";
	CURLcode code;

	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	code = curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_OK || is_cut_short(curl, code, attempt))
		return SINK_DONE;
	return sink_fail(
		attempt, "%.200s", detail[0] ? detail : curl_easy_strerror(code));
}
