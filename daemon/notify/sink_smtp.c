/* SPDX-License-Identifier: Apache-2.0 */
/* People who read mail, by a mail server. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/notify/mail.h"
#include "daemon/notify/secret.h"
#include "daemon/notify/transfer.h"

struct letter {
	struct strbuf text;
	size_t at; /* as much of it was sent */
};

static size_t on_read(char *bytes, size_t size, size_t count, void *data)
{
	struct letter *letter = data;
	size_t left = letter->text.length - letter->at;
	size_t n = size * count < left ? size * count : left;

	memcpy(bytes, letter->text.text + letter->at, n);
	letter->at += n;
	return n;
}

static int set_login(
	CURL *curl, const struct notify_smtp *smtp, struct sink_attempt *attempt)
{
	struct secret password;
	int rc;

	if (!smtp->user)
		return 0;
	rc = secret_read(
		&smtp->password, &password, attempt->error, sizeof attempt->error);
	if (rc == 0) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, smtp->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, password.text);
	}
	secret_fini(&password);
	return rc;
}

static void set_way(CURL *curl, const struct notify_smtp *smtp)
{
	static const long levels[] = {
		[NOTIFY_TLS_REQUIRED] = CURLUSESSL_ALL,
		[NOTIFY_TLS_TRY] = CURLUSESSL_TRY,
		[NOTIFY_TLS_NONE] = CURLUSESSL_NONE,
	};

	curl_easy_setopt(curl, CURLOPT_URL, smtp->server);
	curl_easy_setopt(curl, CURLOPT_USE_SSL, levels[smtp->tls]);
	transfer_trust(curl, smtp->ca_file);
}

/* A server that has read it all and then says 5xx does not want this very mail. */
static enum sink_result judge(
	CURL *curl, const struct letter *letter, struct sink_attempt *attempt)
{
	long code = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	if (code >= 400)
		sink_fail(attempt, "the mail server answers %ld", code);
	return code >= 500 && letter->at == letter->text.length ? SINK_REFUSED
								: SINK_FAILED;
}

static enum sink_result send_letter(CURL *curl, const struct notify_smtp *smtp,
	struct letter *letter, struct sink_attempt *attempt)
{
	struct curl_slist *to = NULL;
	enum sink_result result;

	for (size_t i = 0; i < smtp->to.count; i++) {
		struct curl_slist *longer = curl_slist_append(to, smtp->to.items[i]);
		if (!longer) {
			curl_slist_free_all(to);
			return sink_fail(attempt, "out of memory");
		}
		to = longer;
	}
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, smtp->from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, letter);
	result = transfer_run(curl, attempt);
	if (result != SINK_DONE)
		result = judge(curl, letter, attempt);
	curl_easy_reset(curl);
	curl_slist_free_all(to);
	return result;
}

static enum sink_result deliver(
	const struct notify_sink *sink, void *state, struct sink_attempt *attempt)
{
	const struct notify_smtp *smtp = &sink->smtp;
	struct letter letter = {.at = 0};
	enum sink_result result = SINK_FAILED;

	strbuf_init(&letter.text);
	mail_text(&letter.text, smtp, attempt->message, clock_wall_us());
	transfer_begin(state, sink, attempt, "smtp,smtps");
	set_way(state, smtp);
	if (letter.text.failed)
		sink_fail(attempt, "out of memory");
	else if (set_login(state, smtp, attempt) == 0)
		result = send_letter(state, smtp, &letter, attempt);
	strbuf_fini(&letter.text);
	return result;
}

const struct sink_ops sink_smtp = {
	.open = transfer_open,
	.deliver = deliver,
	.close = transfer_close,
};
