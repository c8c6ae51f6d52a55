// SPDX-License-Identifier: GPL-2.0

#include "go_asm.h"
#include "textflag.h"

// func execute(i *instr, failed *uint64)
//
// See execute.go. A system call keeps every register but R2. R10 and R11 are
// the assembler's own.
TEXT ·execute(SB),NOSPLIT|NOFRAME,$0-16
	MOVD	i+0(FP), R8
	MOVD	failed+8(FP), R9

call:
	MOVD	instr_nr(R8), R1
	MOVD	(instr_args+0)(R8), R2
	MOVD	(instr_args+8)(R8), R3
	MOVD	(instr_args+16)(R8), R4
	MOVD	(instr_args+24)(R8), R5
	MOVD	(instr_args+32)(R8), R6
	MOVD	(instr_args+40)(R8), R7
	SYSCALL
	MOVD	$0xfffffffffffff001, R12
	CMPUBGE	R2, R12, error
	MOVD	instr_kind(R8), R3
	MOVD	instr_arg(R8), R4
	CMPBEQ	R3, $const_kindFork, forked
	CMPBNE	R3, $const_kindExpect, next
	CMPBNE	R2, R4, end

next:
	ADD	$instr__size, R8
	BR	call

forked:
	CMPBNE	R2, $0, next
	MOVD	R4, R8
	BR	call

error:
	// Only the first failure counts: *failed is 0 until then.
	NEG	R2, R2
	MOVD	instr_tag(R8), R3
	OR	R2, R3
	MOVD	$0, R4
	CSG	R4, R3, 0(R9)

end:
	MOVW	$const_exitGroup, R1
	MOVD	$1, R2
	SYSCALL
	BR	end
