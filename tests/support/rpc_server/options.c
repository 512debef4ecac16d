/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/rpc_server/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: rpc_server [OPTION ...]\n"
	"  --address ADDRESS     to listen on, may be repeated (all)\n"
	"  --mapper PORT[:MODE]  the endpoint mapper's (135), or none\n"
	"  --annotation TEXT     of the interfaces that follow\n"
	"  --interface UUID@MAJOR.MINOR=PORT[:MODE]   may be repeated\n"
	"  --entries N           more registrations, of every transport\n"
	"  --page N              at most so many entries an answer (500)\n"
	"  --fragment N          at most so many bytes a fragment (5840)\n"
	"  --lookup-style STYLE  how a lookup ends: windows (with the last entry) or\n"
	"                        samba (with an empty page)\n"
	"  --alias               equal towers of an answer are told once\n"
	"  --big-endian          answers are\n"
	"MODE is ok, or what is wrong:\n"
	"  with a bind: silent, close, reset, garbage, nak:REASON, reject:REASON (1: not\n"
	"    this interface, 2: not this transfer syntax), bind-fault:STATUS\n"
	"  with a call: mute, fault:STATUS, cut (half an answer), status:STATUS (mapper)\n"
	"  with the port: absent (registered, and nobody listens), hidden (not registered)\n"
	"Prints \"ready\" and its ports when it listens.\n";

static const char *const mode_words[MODE_COUNT] = {"ok", "silent", "close", "reset",
	"garbage", "nak", "reject", "bind-fault", "mute", "fault", "cut", "status",
	"absent", "hidden"};

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	exit(2);
}

static unsigned long parse_number(
	const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text || *end || value < least || value > most)
		die("rpc_server: not from %lu to %lu: %s\n", least, most, text);
	return value;
}

static enum rpc_mode parse_mode(const char *word)
{
	for (int mode = 0; mode < MODE_COUNT; mode++)
		if (strcmp(word, mode_words[mode]) == 0)
			return (enum rpc_mode)mode;
	die("rpc_server: no such mode: %s\n%s", word, usage);
}

/* PORT[:MODE[:NUMBER]]; takes the text apart. */
static void parse_port(char *text, struct rpc_entry *entry)
{
	const char *port = strsep(&text, ":"), *mode = strsep(&text, ":");

	entry->port = (uint16_t)parse_number(port, 0, 65535);
	entry->mode = mode ? parse_mode(mode) : MODE_OK;
	entry->number = text ? (uint32_t)parse_number(text, 0, UINT32_MAX) : 0;
	entry->listed = entry->mode != MODE_HIDDEN;
}

static bool parse_uuid(const char *text, struct rpc_uuid *uuid)
{
	static const char hex[] = "0123456789abcdef";
	size_t digits = 0;

	for (; *text; text++) {
		const char *digit = strchr(hex, *text);
		uint8_t *byte = &uuid->bytes[digits / 2];
		if (*text == '-')
			continue;
		if (digits == 32 || !digit)
			return false;
		*byte = (uint8_t)(*byte * 16 + (digit - hex));
		digits++;
	}
	return digits == 32;
}

/* UUID@MAJOR.MINOR=PORT[:MODE[:NUMBER]]; takes the text apart. */
static void parse_interface(
	char *text, const char *annotation, struct rpc_mapper *mapper)
{
	struct rpc_entry entry = {.annotation = annotation};
	const char *uuid = strsep(&text, "@"), *major = strsep(&text, ".");
	const char *minor = strsep(&text, "=");

	if (!text || !parse_uuid(uuid, &entry.uuid))
		die("rpc_server: not UUID@MAJOR.MINOR=PORT[:MODE]: %s ...\n", uuid);
	entry.major = (uint16_t)parse_number(major, 0, 65535);
	entry.minor = (uint16_t)parse_number(minor, 0, 65535);
	parse_port(text, &entry);
	if (!rpc_mapper_add(mapper, &entry))
		die("rpc_server: too many interfaces\n");
}

static void parse_mapper(char *text, struct rpc_entry *entry)
{
	if (strcmp(text, "none") == 0)
		entry->mode = MODE_ABSENT;
	else
		parse_port(text, entry);
	entry->listed = false;
}

static const char *parse_annotation(const char *text)
{
	if (strlen(text) > 63)
		die("rpc_server: an annotation has at most 63 characters\n");
	return text;
}

static void parse_style(const char *text, struct rpc_mapper *mapper)
{
	mapper->like_samba = strcmp(text, "samba") == 0;
	if (!mapper->like_samba && strcmp(text, "windows") != 0)
		die("rpc_server: neither windows nor samba: %s\n", text);
}

static void add_address(const char *text, struct rpc_options *options)
{
	if (options->n_addresses == RPC_MAX_ADDRESSES)
		die("rpc_server: at most %d addresses\n", RPC_MAX_ADDRESSES);
	options->addresses[options->n_addresses++] = text;
}

static void parse_registration(int option, struct rpc_mapper *mapper)
{
	static const char *annotation = "";

	if (option == 'm')
		parse_mapper(optarg, &mapper->entries[0]);
	else if (option == 't')
		annotation = parse_annotation(optarg);
	else
		parse_interface(optarg, annotation, mapper);
}

static void parse_option(
	int option, struct rpc_options *options, struct rpc_mapper *mapper)
{
	switch (option) {
	case 'a':
		add_address(optarg, options);
		break;
	case 'm':
	case 't':
	case 'i':
		parse_registration(option, mapper);
		break;
	case 'e':
		options->made = parse_number(optarg, 0, RPC_MAX_ENTRIES / 2);
		break;
	case 'p':
		mapper->page = (uint32_t)parse_number(optarg, 1, RPC_PAGE);
		break;
	case 'f':
		options->fragment_size = (unsigned)parse_number(
			optarg, RPC_FRAGMENT_LEAST, RPC_FRAGMENT_SIZE);
		break;
	case 's':
		parse_style(optarg, mapper);
		break;
	case 'A':
		mapper->aliases = true;
		break;
	case 'b':
		options->big_endian = true;
		break;
	default:
		die("%s", usage);
	}
}

void rpc_options_parse(
	int argc, char **argv, struct rpc_options *options, struct rpc_mapper *mapper)
{
	static const struct option known[] = {{"address", 1, NULL, 'a'},
		{"mapper", 1, NULL, 'm'}, {"annotation", 1, NULL, 't'},
		{"interface", 1, NULL, 'i'}, {"entries", 1, NULL, 'e'},
		{"page", 1, NULL, 'p'}, {"fragment", 1, NULL, 'f'},
		{"lookup-style", 1, NULL, 's'}, {"alias", 0, NULL, 'A'},
		{"big-endian", 0, NULL, 'b'}, {0}};
	int option;

	*options = (struct rpc_options){.fragment_size = RPC_FRAGMENT_SIZE};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		parse_option(option, options, mapper);
	if (optind < argc)
		die("%s", usage);
}
