// SPDX-License-Identifier: GPL-2.0
/* mem_exec - code that the program wrote itself runs again, anonymous and from a private file mapping */
#include "prog.h"

/* mov $imm32, %eax; ret */
static const unsigned char code[] = { 0xb8, 0, 0, 0, 0, 0xc3 };

static unsigned char *mem[2];

static void write_code(unsigned char *p, uint32_t value)
{
	memcpy(p, code, sizeof(code));
	memcpy(p + 1, &value, 4);
}

static void setup(void)
{
	int fd = make_file("data", 4 * PAGE, 1);

	mem[0] = area(4 * PAGE, PROT_READ | PROT_WRITE);
	mem[1] = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	must((long)mem[1]);
	close(fd);
	write_code(mem[0] + PAGE, 0x1234567);
	write_code(mem[1] + PAGE, 0x7654321);
	must(mprotect(mem[0], 4 * PAGE, PROT_READ | PROT_EXEC));
	must(mprotect(mem[1], 4 * PAGE, PROT_READ | PROT_EXEC));
}

static void lose(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		must(mprotect(mem[i], 4 * PAGE, PROT_READ | PROT_WRITE));
		write_code(mem[i] + PAGE, 0);
		must(mprotect(mem[i], 4 * PAGE, PROT_READ | PROT_EXEC));
	}
}

static void verify(void)
{
	want_u64("anonymous code", ((uint32_t (*)(void))(mem[0] + PAGE))(), 0x1234567);
	want_u64("code in a file mapping", ((uint32_t (*)(void))(mem[1] + PAGE))(), 0x7654321);
}

PROG_MAIN(setup, lose, verify)
