/* SPDX-License-Identifier: Apache-2.0 */
/* A web server that JSON is posted to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/notify/message.h"
#include "daemon/notify/payload.h"
#include "daemon/notify/secret.h"
#include "daemon/notify/transfer.h"

struct request {
	const struct notify_webhook *webhook;
	CURL *curl;
	struct sink_attempt *attempt;
	struct curl_slist *headers;
	char *body;
	bool failed; /* no memory for a header */
};

/* ---- headers ----------------------------------------------------------------- */

static void add_header(struct request *request, const char *name, const char *value)
{
	struct curl_slist *list;
	char *text = NULL;

	if (asprintf(&text, "%s: %s", name, value) < 0) {
		request->failed = true;
		return;
	}
	list = curl_slist_append(request->headers, text);
	if (list)
		request->headers = list;
	else
		request->failed = true;
	explicit_bzero(text, strlen(text));
	free(text);
}

static int read_secret(
	struct request *request, const struct notify_secret *from, struct secret *out)
{
	return secret_read(
		from, out, request->attempt->error, sizeof request->attempt->error);
}

static int add_signature(struct request *request)
{
	char text[SECRET_SIGNATURE];
	struct secret secret;
	int rc = read_secret(request, &request->webhook->secret, &secret);

	if (rc == 0 && secret.length) {
		rc = secret_sign(secret.text, secret.length, request->body,
			strlen(request->body), text);
		if (rc == 0)
			add_header(request, "X-Reachd-Signature", text);
		else
			sink_fail(request->attempt, "the body can't be signed");
	}
	secret_fini(&secret);
	return rc;
}

static int add_token(struct request *request)
{
	char text[SECRET_MAX + 16];
	struct secret secret;
	int rc = read_secret(request, &request->webhook->token, &secret);

	if (rc == 0 && secret.length) {
		snprintf(text, sizeof text, "Bearer %s", secret.text);
		add_header(request, "Authorization", text);
		explicit_bzero(text, sizeof text);
	}
	secret_fini(&secret);
	return rc;
}

/* ---- URL and proxy ----------------------------------------------------------- */

static int set_url(struct request *request)
{
	const char *url = request->webhook->url;
	struct secret secret = {.length = 0};
	int rc = url ? 0 : read_secret(request, &request->webhook->url_from, &secret);

	url = url ? url : secret.text;
	if (rc == 0 && strncmp(url, "http://", 7) != 0 &&
		strncmp(url, "https://", 8) != 0) {
		sink_fail(request->attempt,
			"its URL does not begin with http:// or https://");
		rc = -EINVAL;
	}
	if (rc == 0)
		curl_easy_setopt(request->curl, CURLOPT_URL, url);
	secret_fini(&secret);
	return rc;
}

static int set_proxy(struct request *request)
{
	const struct notify_webhook *webhook = request->webhook;
	struct secret password;
	int rc;

	if (!webhook->proxy)
		return 0;
	rc = read_secret(request, &webhook->proxy_password, &password);
	curl_easy_setopt(request->curl, CURLOPT_PROXY, webhook->proxy);
	if (webhook->proxy_user) {
		curl_easy_setopt(
			request->curl, CURLOPT_PROXYUSERNAME, webhook->proxy_user);
		curl_easy_setopt(request->curl, CURLOPT_PROXYPASSWORD, password.text);
		curl_easy_setopt(request->curl, CURLOPT_PROXYAUTH, (long)CURLAUTH_ANY);
	}
	curl_easy_setopt(request->curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	secret_fini(&password);
	return rc;
}

static int prepare(struct request *request)
{
	int rc = set_url(request);

	if (rc == 0)
		rc = set_proxy(request);
	if (rc == 0)
		rc = add_signature(request);
	if (rc == 0)
		rc = add_token(request);
	if (rc < 0)
		return rc;
	add_header(request, "Content-Type", "application/json");
	add_header(
		request, "X-Reachd-Uid", message_get(request->attempt->message, "uid"));
	/* No "100 Continue" for a small body. */
	add_header(request, "Expect", "");
	curl_easy_setopt(request->curl, CURLOPT_USERAGENT, "reachd");
	curl_easy_setopt(request->curl, CURLOPT_HTTPHEADER, request->headers);
	curl_easy_setopt(request->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		(curl_off_t)strlen(request->body));
	curl_easy_setopt(request->curl, CURLOPT_POSTFIELDS, request->body);
	transfer_trust(request->curl, request->webhook->ca_file);
	return 0;
}

/* ---- the answer -------------------------------------------------------------- */

/* Statuses that are about the body, and not about the sender, the URL or the moment. */
static bool is_refusal(long status)
{
	return status == 400 || status == 413 || status == 415 || status == 422;
}

static enum sink_result judge(struct request *request)
{
	curl_off_t wait_s = 0;
	long status = 0;

	curl_easy_getinfo(request->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return SINK_DONE;
	curl_easy_getinfo(request->curl, CURLINFO_RETRY_AFTER, &wait_s);
	if (wait_s > 0)
		request->attempt->wait_ms = (uint64_t)wait_s * 1000;
	if (status >= 300 && status < 400)
		return sink_fail(request->attempt,
			"the server answers %ld, a redirect, which is not followed",
			status);
	sink_fail(request->attempt, "the server answers %ld", status);
	return is_refusal(status) ? SINK_REFUSED : SINK_FAILED;
}

static enum sink_result deliver(
	const struct notify_sink *sink, void *state, struct sink_attempt *attempt)
{
	struct request request = {
		.webhook = &sink->webhook,
		.curl = state,
		.attempt = attempt,
		.body = payload_body(
			(enum notify_shape)sink->webhook.shape, attempt->message),
	};
	enum sink_result result = SINK_FAILED;
	int rc;

	transfer_begin(request.curl, sink, attempt, "http,https");
	rc = request.body ? prepare(&request) : -ENOMEM;
	if (rc == 0 && request.failed)
		rc = -ENOMEM;
	if (rc == -ENOMEM)
		sink_fail(attempt, "out of memory");
	if (rc == 0)
		result = transfer_run(request.curl, attempt);
	if (result == SINK_DONE)
		result = judge(&request);
	curl_easy_reset(request.curl);
	curl_slist_free_all(request.headers);
	free(request.body);
	return result;
}

const struct sink_ops sink_webhook = {
	.open = transfer_open,
	.deliver = deliver,
	.close = transfer_close,
};
