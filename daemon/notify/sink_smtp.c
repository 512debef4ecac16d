/* SPDX-License-Identifier: Apache-2.0 */
/* People who read mail, by a mail server. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/notify/payload.h"
#include "daemon/notify/secret.h"
#include "daemon/notify/transfer.h"

struct letter {
	struct strbuf text;
	size_t at; /* as much of it was sent */
	/* The next addressee to be named to the server, and whether its answer to one
	 * is awaited. */
	size_t next;
	bool named;
	/* Addressees that it rejected for now; those that it rejected for good. */
	size_t later, refused;
	size_t who; /* the first of either */
	long code;  /* the server's answer to it */
};

/* ---- the dialogue ------------------------------------------------------------ */

static void on_command(struct letter *letter, const char *line, size_t size)
{
	if (size >= 5 && memcmp(line, "MAIL ", 5) == 0)
		/* A new dialogue: the first, or another one after a connection broke.
		 */
		letter->next = letter->later = letter->refused = 0;
	letter->named = size >= 5 && memcmp(line, "RCPT ", 5) == 0;
	letter->next += letter->named;
}

/* The last line of an answer (RFC 5321, 4.2.1) has a blank after its code. */
static void on_answer(struct letter *letter, const char *line, size_t size)
{
	long code = size >= 4 && line[3] == ' ' ? strtol(line, NULL, 10) : 0;

	if (!letter->named || code == 0)
		return;
	letter->named = false;
	if (code < 400)
		return;
	if (letter->later + letter->refused == 0 ||
		(code < 500 && letter->later == 0)) {
		letter->who = letter->next - 1;
		letter->code = code;
	}
	letter->later += code < 500;
	letter->refused += code >= 500;
}

static int on_talk(CURL *curl, curl_infotype type, char *line, size_t size, void *data)
{
	(void)curl;
	if (type == CURLINFO_HEADER_OUT)
		on_command(data, line, size);
	else if (type == CURLINFO_HEADER_IN)
		on_answer(data, line, size);
	return 0;
}

/* If one addressee is to get it later, all are: the others must not get it twice. */
static size_t on_read(char *bytes, size_t size, size_t count, void *data)
{
	struct letter *letter = data;
	size_t left = letter->text.length - letter->at;
	size_t n = size * count < left ? size * count : left;

	if (letter->later)
		return CURL_READFUNC_ABORT;
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

/* ---- the letter -------------------------------------------------------------- */

static void blame_addressee(const struct letter *letter, const struct notify_smtp *smtp,
	struct sink_attempt *attempt)
{
	size_t others = letter->later + letter->refused - 1;
	char more[32] = "";

	if (others)
		snprintf(more, sizeof more, " and %zu more", others);
	sink_fail(attempt, "the mail server answers %ld for %.120s%s", letter->code,
		smtp->to.items[letter->who], more);
}

/* A server that has read it all and then answers 5xx rejects this very mail. One that
 * rejects all addressees says nothing about the mail. */
static enum sink_result judge(CURL *curl, const struct letter *letter,
	const struct notify_smtp *smtp, struct sink_attempt *attempt)
{
	long code = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	if (letter->at == 0 && letter->later + letter->refused)
		blame_addressee(letter, smtp, attempt);
	else if (code >= 400)
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
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	/* libcurl shows the dialogue only as debug output. */
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, on_talk);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, letter);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, letter);
	result = transfer_run(curl, attempt);
	if (result != SINK_DONE) {
		result = judge(curl, letter, smtp, attempt);
	} else if (letter->refused) {
		attempt->refused = (uint32_t)letter->refused;
		blame_addressee(letter, smtp, attempt);
	}
	curl_easy_reset(curl);
	curl_slist_free_all(to);
	return result;
}

static enum sink_result deliver(
	const struct notify_sink *sink, void *state, struct sink_attempt *attempt)
{
	static const long levels[] = {
		[NOTIFY_TLS_REQUIRED] = CURLUSESSL_ALL,
		[NOTIFY_TLS_TRY] = CURLUSESSL_TRY,
		[NOTIFY_TLS_NONE] = CURLUSESSL_NONE,
	};
	const struct notify_smtp *smtp = &sink->smtp;
	struct letter letter = {.at = 0};
	enum sink_result result = SINK_FAILED;

	strbuf_init(&letter.text);
	payload_mail(&letter.text, smtp, attempt->message, clock_wall_us());
	transfer_begin(state, sink, attempt, "smtp,smtps");
	curl_easy_setopt(state, CURLOPT_URL, smtp->server);
	curl_easy_setopt(state, CURLOPT_USE_SSL, levels[smtp->tls]);
	transfer_trust(state, smtp->ca_file);
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
