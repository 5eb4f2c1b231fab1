/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "arguments.h"

#include <getopt.h>
#include <stddef.h>

#define CLIENTS_MAX 60000

const char USAGE[] =
	"load --to ADDRESS [--port N] --from FIRST_SOURCE [--sources N] [--path PATH] --seconds S [--timeout S]\n"
	"     (--rate PER_SECOND | --clients N) [--keep-alive]\n";

void read_options(int count, char **words, struct options *options)
{
	static const struct option known[] = {
		{ "to", required_argument, NULL, 't' },	     { "port", required_argument, NULL, 'p' },
		{ "from", required_argument, NULL, 'f' },    { "sources", required_argument, NULL, 'n' },
		{ "path", required_argument, NULL, 'u' },    { "seconds", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 'o' }, { "rate", required_argument, NULL, 'r' },
		{ "clients", required_argument, NULL, 'c' }, { "keep-alive", no_argument, NULL, 'k' },
		{ 0 },
	};
	int option;

	*options = (struct options){
		.server = { .sin_family = AF_INET, .sin_port = htons(80) },
		.sources = 1,
		.path = "/",
		.timeout = 10,
	};
	while ((option = getopt_long(count, words, "", known, NULL)) != -1) {
		switch (option) {
		case 't': options->server.sin_addr = address(optarg); break;
		case 'p': options->server.sin_port = htons((uint16_t)number(optarg, 1, 65535)); break;
		case 'f': options->first_source = address(optarg); break;
		case 'n': options->sources = (unsigned)number(optarg, 1, 65536); break;
		case 'u': options->path = optarg; break;
		case 's': options->seconds = number(optarg, 0.1, 86400); break;
		case 'o': options->timeout = number(optarg, 0.01, 600); break;
		case 'r': options->rate = number(optarg, 1, 1e6); break;
		case 'c': options->clients = (unsigned)number(optarg, 1, CLIENTS_MAX); break;
		case 'k': options->keep_alive = true; break;
		default: misused("unknown option");
		}
	}
	if (options->server.sin_addr.s_addr == 0 || options->first_source.s_addr == 0 || options->seconds == 0)
		misused("--to, --from and --seconds are needed");
	if (options->rate == 0 && options->clients == 0)
		misused("--rate or --clients is needed");
	if (options->clients == 0)
		options->clients = 16384;
}
