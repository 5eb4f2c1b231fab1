/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads programs, each many times.
 *
 * libbpf opens and relocates an object once. What it would do again for every port, reading ELF and type information
 * and relocating, would give the same instructions but for two things: the map with the port's constants, and the
 * descriptors of the shared maps. A template is the instructions with both left open.
 */
#include "object.h"

#include <bpf/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Of every program in bpf/. */
#define LICENSE "Dual BSD/GPL"

/* What an instance is made from. Where an instruction names a map, `imm` is an index instead of a descriptor. */
struct template {
	char name[BPF_OBJ_NAME_LEN];
	__u32 type;           /* enum bpf_prog_type */
	__u32 constants_len;  /* bytes */
	__u32 instruction_count;
	struct bpf_insn instructions[];
};

/* The map of the program's constants, after the shared ones. */
#define CONSTANTS_MAP ((int)SHARED_MAPS)

static bool names_a_map(const struct bpf_insn *instruction)
{
	return instruction->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       (instruction->src_reg == BPF_PSEUDO_MAP_FD || instruction->src_reg == BPF_PSEUDO_MAP_VALUE);
}

static bool is_constants(const struct bpf_map *map)
{
	return strstr(bpf_map__name(map), ".rodata") != NULL;
}

/* The shared maps in place of the object's own. A program that does not use one of them has none of that name. */
static int reuse_maps(struct bpf_object *object, struct ms_maps *maps)
{
	int error = 0;

	for (size_t i = 0; !error && i < SHARED_MAPS; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, shared_map_name(i));

		if (map)
			error = bpf_map__reuse_fd(map, *shared_map_fd(maps, i));
	}
	return error;
}

/* What a template has in place of the descriptor of a loaded object's map; -ENOENT when the map is unknown. */
static int map_index(struct bpf_object *object, int fd)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		if (bpf_map__fd(map) != fd)
			continue;
		if (is_constants(map))
			return CONSTANTS_MAP;
		for (size_t i = 0; i < SHARED_MAPS; i++)
			if (strcmp(shared_map_name(i), bpf_map__name(map)) == 0)
				return (int)i;
	}
	return -ENOENT;
}

/* Bytes of the object's constants. */
static __u32 constants_length(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (is_constants(map))
			return (__u32)bpf_map__value_size(map);
	return 0;
}

static int write_template(struct bpf_object *object, const struct bpf_program *program, struct template *template,
			  __u32 capacity, __u32 *length)
{
	size_t count = bpf_program__insn_cnt(program), size = sizeof(*template) + count * sizeof(struct bpf_insn);

	if (size > capacity)
		return -ENOSPC;
	memset(template, 0, sizeof(*template));
	strncpy(template->name, bpf_program__name(program), sizeof(template->name) - 1);
	template->type = bpf_program__type(program);
	template->instruction_count = (__u32)count;
	memcpy(template->instructions, bpf_program__insns(program), count * sizeof(struct bpf_insn));
	for (size_t i = 0; i < count; i++) {
		struct bpf_insn *instruction = &template->instructions[i];
		int index;

		if (!names_a_map(instruction))
			continue;
		index = map_index(object, instruction->imm);
		if (index < 0)
			return index;
		instruction->imm = index;
		if (index == CONSTANTS_MAP)
			template->constants_len = constants_length(object);
	}
	*length = (__u32)size;
	return 0;
}

/* The others of the object are not loaded. */
static int load_only(struct bpf_object *object, const char *name, struct bpf_program **program)
{
	struct bpf_program *other;

	*program = bpf_object__find_program_by_name(object, name);
	if (!*program)
		return -ENOENT;
	bpf_object__for_each_program(other, object)
		bpf_program__set_autoload(other, other == *program);
	return bpf_object__load(object);
}

int ms_template_prepare(const char *object_path, const char *program_name, const struct ms_maps *maps, __u8 *template,
			__u32 capacity, __u32 *length, char *log, __u32 log_len)
{
	struct ms_maps shared = *maps;
	struct bpf_program *program;
	OWNED_OBJECT object = NULL;
	int error;

	log_begin(log, log_len);
	error = open_object(object_path, &object);
	if (!error)
		error = reuse_maps(object, &shared);
	if (!error)
		error = load_only(object, program_name, &program);
	if (!error)
		error = write_template(object, program, (struct template *)template, capacity, length);
	log_end();
	return error;
}

/* --- instances --- */

/*
 * A map of its own for the constants, read-only for the program and frozen for everybody, so that the verifier takes
 * them for constants indeed. Not libbpf's, which is made to be mapped into processes: that takes two pages.
 */
static int create_constants(const __u8 *constants, __u32 length, int *constants_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_RDONLY_PROG);
	OWNED_FD fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ms_constants", sizeof(__u32), length, 1, &options);
	__u32 only = 0;
	int error;

	if (fd < 0)
		return fd;
	error = bpf_map_update_elem(fd, &only, constants, BPF_ANY);
	if (!error)
		error = bpf_map_freeze(fd);
	if (!error)
		*constants_fd = TAKE_FD(fd);
	return error;
}

static int load_instance(const struct template *template, struct bpf_insn *instructions, struct ms_maps maps,
			 int constants_fd, char *log, __u32 log_len)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .log_buf = log, .log_size = log_len);

	memcpy(instructions, template->instructions, template->instruction_count * sizeof(*instructions));
	for (__u32 i = 0; i < template->instruction_count; i++) {
		struct bpf_insn *instruction = &instructions[i];

		if (!names_a_map(instruction))
			continue;
		if (instruction->imm < 0 || instruction->imm > CONSTANTS_MAP)
			return -EPROTO;
		instruction->imm = instruction->imm == CONSTANTS_MAP ? constants_fd
								     : *shared_map_fd(&maps, (size_t)instruction->imm);
	}
	return bpf_prog_load(template->type, template->name, LICENSE, instructions, template->instruction_count, &options);
}

int ms_program_load(const __u8 *bytes, __u32 length, const __u8 *constants, __u32 constants_len,
		    const struct ms_maps *maps, __s32 *program_fd, char *log, __u32 log_len)
{
	const struct template *template = (const struct template *)bytes;
	struct bpf_insn *instructions;
	OWNED_FD constants_fd = -1;
	int fd, error;

	if (length < sizeof(*template) || constants_len != template->constants_len ||
	    strnlen(template->name, sizeof(template->name)) == sizeof(template->name) ||
	    length != sizeof(*template) + template->instruction_count * sizeof(*instructions))
		return -EPROTO;
	if (constants_len > 0) {
		error = create_constants(constants, constants_len, &constants_fd);
		if (error)
			return error;
	}
	instructions = malloc(template->instruction_count * sizeof(*instructions));
	if (!instructions)
		return -ENOMEM;
	fd = load_instance(template, instructions, *maps, constants_fd, log, log_len);
	free(instructions);
	if (fd < 0)
		return fd;
	*program_fd = fd;
	return 0;
}

int ms_program_tag(__s32 program_fd, __u8 *tag)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);
	int error = bpf_obj_get_info_by_fd(program_fd, &info, &length);

	_Static_assert(sizeof(info.tag) == MS_TAG_BYTES, "the caller has room for the kernel's digest");
	if (!error)
		memcpy(tag, info.tag, MS_TAG_BYTES);
	return error;
}
