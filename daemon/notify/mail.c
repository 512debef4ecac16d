/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/mail.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"
#include "daemon/notify/describe.h"
#include "daemon/notify/message.h"

enum {
	WORD_BYTES = 42, /* of an encoded word: 56 characters, of the 75 allowed */
	LINE_BYTES = 57, /* of a line of base64: 76 characters */
	SUBJECT_BYTES = 200
};

/* ---- base64 ------------------------------------------------------------------ */

/* RFC 4648, section 4. */
static void add_base64(struct strbuf *out, const char *text, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		uint32_t bits = 0;
		size_t n = length - i < 3 ? length - i : 3;
		char four[4] = {'=', '=', '=', '='};

		for (size_t j = 0; j < n; j++)
			bits |= (uint32_t)(unsigned char)text[i + j] << (16 - 8 * j);
		for (size_t j = 0; j <= n; j++)
			four[j] = digits[bits >> (18 - 6 * j) & 63];
		strbuf_add(out, four, sizeof four);
	}
}

static void add_encoded_lines(struct strbuf *out, const struct strbuf *text)
{
	for (size_t at = 0; at < text->length; at += LINE_BYTES) {
		size_t left = text->length - at;
		add_base64(out, text->text + at, left < LINE_BYTES ? left : LINE_BYTES);
		strbuf_adds(out, "\r\n");
	}
}

/* ---- headers ----------------------------------------------------------------- */

/* The bytes of whole characters at the start of `text`, at most `limit`. */
static size_t whole_characters(const char *text, size_t length, size_t limit)
{
	size_t end = 0;
	uint32_t code;

	while (end < length) {
		size_t n = utf8_read(text + end, length - end, &code);
		n = n ? n : 1;
		if (end + n > limit)
			break;
		end += n;
	}
	return end;
}

/* Encoded words (RFC 2047): each holds whole characters; blanks between are nothing. */
static void add_subject(struct strbuf *out, const struct strbuf *title)
{
	size_t length = whole_characters(title->text, title->length, SUBJECT_BYTES);
	size_t n;

	strbuf_adds(out, "Subject:");
	for (size_t at = 0; at < length; at += n) {
		n = whole_characters(title->text + at, length - at, WORD_BYTES);
		strbuf_adds(out, at ? "\r\n =?UTF-8?B?" : " =?UTF-8?B?");
		add_base64(out, title->text + at, n);
		strbuf_adds(out, "?=");
	}
	strbuf_adds(out, "\r\n");
}

/* RFC 5322, 3.3, whatever the language of this machine. */
static void add_date(struct strbuf *out, int64_t now_us)
{
	static const char *const days[] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(now_us / 1000000);
	struct tm utc = {.tm_mday = 1};

	gmtime_r(&seconds, &utc);
	strbuf_addf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n",
		days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900,
		utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static void add_addresses(struct strbuf *out, const struct conf_texts *to)
{
	strbuf_adds(out, "To: ");
	for (size_t i = 0; i < to->count; i++)
		strbuf_addf(out, "%s%s", i ? ",\r\n " : "", to->items[i]);
	strbuf_adds(out, "\r\n");
}

/* The same for the same message: a mail that comes twice can be known by it. */
static void add_id(struct strbuf *out, const char *from, const char *uid)
{
	strbuf_adds(out, "Message-ID: <");
	for (; *uid; uid++)
		if (isalnum((unsigned char)*uid) || *uid == '-')
			strbuf_add(out, uid, 1);
	strbuf_addf(out, "%s>\r\n", strchr(from, '@'));
}

static void add_headers(struct strbuf *out, const struct notify_smtp *smtp,
	const struct strbuf *title, const char *uid, int64_t now_us)
{
	add_date(out, now_us);
	strbuf_addf(out, "From: %s\r\n", smtp->from);
	add_addresses(out, &smtp->to);
	add_subject(out, title);
	add_id(out, smtp->from, uid);
	/* RFC 3834: no holiday notes in return. */
	strbuf_adds(out, "Auto-Submitted: auto-generated\r\n"
			 "MIME-Version: 1.0\r\n"
			 "Content-Type: text/plain; charset=utf-8\r\n"
			 "Content-Transfer-Encoding: base64\r\n\r\n");
}

void mail_text(struct strbuf *out, const struct notify_smtp *smtp,
	const json_t *message, int64_t now_us)
{
	struct strbuf title, body;

	strbuf_init(&title);
	strbuf_init(&body);
	describe_title(&title, message);
	if (!title.failed)
		strbuf_addf(&body, "%s\n\n", title.text);
	describe_details(&body, message);
	out->failed = out->failed || title.failed || body.failed;
	if (!out->failed) {
		add_headers(out, smtp, &title, message_get(message, "uid"), now_us);
		add_encoded_lines(out, &body);
	}
	strbuf_fini(&title);
	strbuf_fini(&body);
}
