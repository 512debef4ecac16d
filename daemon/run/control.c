/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/run/control.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

enum {
	MAX_CLIENTS = 16,
	LINE_SIZE = 256, /* a request, and an answer */
	BACKLOG = 16,
};

enum client_state {
	READING,
	ASKED,  /* for a scan, which has not started */
	SERVED, /* by the scan that runs */
	DONE,
};

struct client {
	uv_pipe_t pipe;
	uv_write_t write;
	struct list node; /* of control->clients */
	struct control *control;
	enum client_state state;
	char in[LINE_SIZE];
	size_t n_in;
	char out[LINE_SIZE];
};

/* ---- one who asks ------------------------------------------------------------------
 */

static void on_client_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void drop(struct client *client)
{
	if (uv_is_closing((uv_handle_t *)&client->pipe))
		return;
	list_remove(&client->node);
	client->control->n_clients--;
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static void on_written(uv_write_t *request, int status)
{
	(void)status;
	drop(request->data);
}

static void answer(struct client *client, const char *members)
{
	uv_buf_t buf;
	int length = snprintf(
		client->out, sizeof client->out, "{\"type\":\"answer\",%s}\n", members);

	client->state = DONE;
	client->write.data = client;
	buf = uv_buf_init(client->out, (unsigned)length);
	if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1,
		    on_written) < 0)
		drop(client);
}

static const char *word_of(const json_t *request)
{
	const char *word = json_string_value(json_object_get(request, "ask"));

	return word && json_object_size(request) == 1 ? word : "";
}

static void obey(struct client *client, const char *word)
{
	struct control *control = client->control;

	if (strcmp(word, "scan") == 0) {
		client->state = ASKED;
		control->scan(control->data);
	} else if (strcmp(word, "reload") == 0) {
		answer(client, control->reload(control->data) == 0 ? "\"ok\":true"
								   : "\"ok\":false");
	} else {
		answer(client, "\"ok\":false,\"error\":\"expected scan or reload\"");
	}
}

static void on_line(struct client *client, size_t length)
{
	json_t *request = json_loadb(client->in, length, JSON_REJECT_DUPLICATES, NULL);

	obey(client, word_of(request));
	json_decref(request);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *client = handle->data;

	(void)suggested;
	*buf = uv_buf_init(client->in + client->n_in,
		(unsigned)(sizeof client->in - client->n_in));
}

/* No room (UV_ENOBUFS) is a line that is too long. What follows a line is an error of
 * whoever sends it, and ends the talk as his going away does. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *client = stream->data;
	char *end;

	(void)buf;
	if (n < 0 || (n > 0 && client->state != READING)) {
		drop(client);
		return;
	}
	client->n_in += (size_t)n;
	end = memchr(client->in, '\n', client->n_in);
	if (end)
		on_line(client, (size_t)(end - client->in));
}

/* ---- all of them
 * --------------------------------------------------------------------- */

static void on_connection(uv_stream_t *stream, int status)
{
	struct control *control = stream->data;
	struct client *client = status < 0 ? NULL : calloc(1, sizeof *client);

	if (!client)
		return;
	client->control = control;
	client->pipe.data = client;
	list_init(&client->node);
	if (uv_pipe_init(stream->loop, &client->pipe, 0) < 0) {
		free(client);
		return;
	}
	list_append(&control->clients, &client->node);
	control->n_clients++;
	if (uv_accept(stream, (uv_stream_t *)&client->pipe) < 0 ||
		control->n_clients > MAX_CLIENTS ||
		uv_read_start((uv_stream_t *)&client->pipe, give_room, on_read) < 0)
		drop(client);
}

void control_scan_started(struct control *control)
{
	for (struct list *at = control->clients.next; at != &control->clients;
		at = at->next) {
		struct client *client = CONTAINER_OF(at, struct client, node);
		if (client->state == ASKED)
			client->state = SERVED;
	}
}

void control_scan_ended(struct control *control, int64_t scan)
{
	char members[64] = "\"ok\":false";
	struct list *next;

	if (scan > 0)
		snprintf(members, sizeof members, "\"ok\":true,\"scan\":%lld",
			(long long)scan);
	for (struct list *at = control->clients.next; at != &control->clients;
		at = next) {
		struct client *client = CONTAINER_OF(at, struct client, node);
		next = at->next;
		if (client->state == SERVED)
			answer(client, members);
	}
}

/* ---- the socket
 * ------------------------------------------------------------------------ */

/* Nobody can connect between bind and listen: whoever does has the mode that is set. */
static int listen_at(struct control *control, const char *path)
{
	int rc;

	unlink(path);
	rc = uv_pipe_bind(&control->server, path);
	if (rc < 0)
		return rc;
	if (chmod(path, 0600) < 0)
		return -errno;
	return uv_listen((uv_stream_t *)&control->server, BACKLOG, on_connection);
}

void control_open(struct control *control, uv_loop_t *loop, const char *store)
{
	char path[sizeof((struct sockaddr_un *)0)->sun_path];
	int length = snprintf(path, sizeof path, "%s" CONTROL_SUFFIX, store);
	int rc;

	list_init(&control->clients);
	control->server.data = control;
	rc = uv_pipe_init(loop, &control->server, 0);
	control->open = rc == 0;
	if (rc == 0)
		rc = length < (int)sizeof path ? listen_at(control, path)
					       : -ENAMETOOLONG;
	if (rc < 0)
		log_warning(
			"%s" CONTROL_SUFFIX
			": %s: 'scan --ask' and 'reload' can't reach this process; use "
			"signals",
			store, uv_strerror(rc));
}

void control_close(struct control *control)
{
	if (!control->open)
		return;
	control->open = false;
	while (!list_empty(&control->clients))
		drop(LIST_FIRST(&control->clients, struct client, node));
	/* libuv takes the path away. */
	uv_close((uv_handle_t *)&control->server, NULL);
}
