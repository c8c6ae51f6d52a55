// SPDX-License-Identifier: GPL-2.0
/* mem_vdso - the vdso works after the restart at the address that the auxiliary vector names */
#include "prog.h"
#include <elf.h>
#include <sys/auxv.h>

#if defined(__x86_64__)
#define VDSO_CLOCK_GETTIME "__vdso_clock_gettime"
#else
#define VDSO_CLOCK_GETTIME "__kernel_clock_gettime"
#endif

static const Elf64_Ehdr *vdso;
static int (*vdso_clock_gettime)(clockid_t clock, struct timespec *ts);
static unsigned long auxv[128];
static ssize_t auxv_len;
static unsigned char first[PAGE];

/* Find a symbol of the vdso through its dynamic section. */
static void *lookup(const char *name)
{
	const Elf64_Phdr *ph = (void *)((char *)vdso + vdso->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *sym = NULL;
	const char *str = NULL;
	char *base = (char *)vdso;
	unsigned int i, n = 0;

	for (i = 0; i < vdso->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			base = (char *)vdso + ph[i].p_offset - ph[i].p_vaddr;
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (void *)((char *)vdso + ph[i].p_offset);
	}
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_SYMTAB)
			sym = (void *)(base + dyn->d_un.d_ptr);
		if (dyn->d_tag == DT_STRTAB)
			str = base + dyn->d_un.d_ptr;
	}
	/* The string table follows the symbol table. */
	if (sym && str)
		n = ((char *)str - (char *)sym) / sizeof(*sym);
	for (i = 0; i < n && i < 64; i++)
		if (sym[i].st_name && !strcmp(str + sym[i].st_name, name))
			return base + sym[i].st_value;
	return NULL;
}

static ssize_t read_auxv(unsigned long *to, size_t len)
{
	int fd = must(open("/proc/self/auxv", O_RDONLY | O_CLOEXEC));
	ssize_t n = must(read(fd, to, len));

	close(fd);
	return n;
}

static void setup(void)
{
	vdso = (void *)getauxval(AT_SYSINFO_EHDR);
	if (!vdso)
		prog_unsupported("no AT_SYSINFO_EHDR in the auxiliary vector");
	*(void **)&vdso_clock_gettime = lookup(VDSO_CLOCK_GETTIME);
	if (!vdso_clock_gettime)
		prog_unsupported("the vdso has no " VDSO_CLOCK_GETTIME);
	auxv_len = read_auxv(auxv, sizeof(auxv));
	memcpy(first, vdso, PAGE);
}

static void lose(void)
{
	unsigned int pages;

	/* Nothing is where auxv says. The vdso goes as a whole or not at all. */
	for (pages = 1; pages < 16; pages++)
		if (!munmap((void *)vdso, pages * PAGE))
			break;
}

static void verify(void)
{
	unsigned long again[128];
	long long before, between, after;
	struct timespec ts;
	int i;

	want_u64("vdso is mapped", mapped(vdso), 1);
	if (prog_failed)
		return;
	want_u64("first page of the vdso", memcmp(first, vdso, PAGE), 0);
	want_u64("auxv length", read_auxv(again, sizeof(again)), auxv_len);
	want_u64("auxv", memcmp(auxv, again, auxv_len), 0);
	want_u64("AT_SYSINFO_EHDR", getauxval(AT_SYSINFO_EHDR), (uintptr_t)vdso);

	for (i = 0; i < 1000; i++) {
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
		before = ts.tv_sec * SEC + ts.tv_nsec;
		want_u64("vdso clock_gettime", vdso_clock_gettime(CLOCK_MONOTONIC, &ts), 0);
		between = ts.tv_sec * SEC + ts.tv_nsec;
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
		after = ts.tv_sec * SEC + ts.tv_nsec;
		if (!want_between("vdso time", between, before, after))
			break;
	}
}

PROG_MAIN(setup, lose, verify)
